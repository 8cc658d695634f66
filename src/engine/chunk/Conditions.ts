/**
 * The conditions in which events and chunks are decided: read at the moment of each decision.
 */
import type { ExportMode } from "../../domain/delivery/ExportMode.ts"
import type { ApmSpan } from "../../domain/span/ApmSpan.ts"
import type { SpanRecord } from "../../domain/span/SpanRecord.ts"
import type { Tags } from "../../domain/trace/TraceChunk.ts"
import type { LocalTrace } from "./LocalTrace.ts"
import type { Decision } from "./Sampler.ts"

/** The questions of the router before it decides. */
export interface Conditions {
  /** The clock by which events grow old, in milliseconds. */
  readonly now: () => number
  /** Milliseconds on a clock that only goes forward. */
  readonly elapsed: () => number
  readonly mode: () => ExportMode
  /** Whether APM traces are written now, by a writer that transports the struct. */
  readonly canRide: () => boolean
  /** Whether APM traces are written now. */
  readonly apm: () => boolean
  /** Whether a filter of the Agent drops a chunk with this root. */
  readonly filtered: (root: Pick<ApmSpan, "resource" | "meta">) => boolean
  /** Whether the program itself keeps a part of a trace that is about to leave. Left out: it keeps all. */
  readonly keeps?: ((spans: ReadonlyArray<ApmSpan>) => boolean) | undefined
  /** The exact size of the packed struct, asked only when the estimate is above the limit. */
  readonly structBytes: (record: SpanRecord) => number
  /** The decision of a trace, frozen by the first call. */
  readonly decide: (trace: LocalTrace) => Decision
  /** Tags of this process: every local root has them, and the first span of any chunk has the language. */
  readonly processTags: Tags
  readonly env: string | undefined
  readonly version: string | undefined
}
