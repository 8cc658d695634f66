/**
 * The conditions under which events and chunks are decided, read at each decision.
 */
import type { ExportMode } from "../../domain/delivery/ExportMode.ts"
import type { ApmSpan } from "../../domain/span/ApmSpan.ts"
import type { SpanRecord } from "../../domain/span/SpanRecord.ts"
import type { Tags } from "../../domain/trace/TraceChunk.ts"
import type { LocalTrace } from "./LocalTrace.ts"
import type { Decision } from "./Sampler.ts"
import type { SpanSampler } from "./SpanSampler.ts"

/** The conditions that the router reads. */
export interface Conditions {
  /** The clock for the age of events, in milliseconds. */
  readonly now: () => number
  /** Milliseconds on a monotonic clock. */
  readonly elapsed: () => number
  readonly mode: () => ExportMode
  /** Whether APM traces are written now, by a writer that transports the struct. */
  readonly canRide: () => boolean
  /** Whether APM traces are written now. */
  readonly apm: () => boolean
  /** Tells whether a filter of the Agent drops a chunk with this root. `undefined` while the Agent has no filters. */
  readonly filter: () => ((root: Pick<ApmSpan, "resource" | "meta">) => boolean) | undefined
  /** Whether the program's own filter keeps a part of a trace that is about to leave. Without it all parts are kept. */
  readonly keeps?: ((spans: ReadonlyArray<ApmSpan>) => boolean) | undefined
  /** The exact size of the packed struct, computed only if the estimate exceeds the limit. */
  readonly structBytes: (record: SpanRecord) => number
  /** Marks the spans that are kept although their trace is rejected. */
  readonly sampleSpans?: SpanSampler | undefined
  /** The decision of a trace, frozen by the first call. */
  readonly decide: (trace: LocalTrace) => Decision
  /** The tags of this process: every local root has them, and the first span of any chunk has the language. */
  readonly processTags: Tags
  readonly env: string | undefined
  readonly version: string | undefined
}
