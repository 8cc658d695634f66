/**
 * A local trace: the spans of one trace that this process started under one local root.
 *
 * **Details**
 *
 * Traces are distinguished by this object and not by their id, because one process can hold several local roots of one
 * trace.
 *
 * Everything is read-only here. A module that writes uses the view that lists its writable fields:
 *
 * | module           | of a span         | of its trace       |
 * | ---------------- | ----------------- | ------------------ |
 * | tracer           | `TracedSpan`      | `TracedTrace`      |
 * | recorder         | `Carrier`         | `TraceState`       |
 * | `ChunkAssembler` | `AssembledSpan`   | `AssembledTrace`   |
 * | `TraceSampler`   |                   | `SampledTrace`     |
 * | `Router`         | `RoutedSpan`      |                    |
 */
import type { Claim } from "../../domain/delivery/Claim.ts"
import type { Extracted } from "../../domain/propagation/Propagation.ts"
import type { ApmSpan, ApmSpanLink } from "../../domain/span/ApmSpan.ts"
import type { Sourced } from "../../domain/span/SessionSource.ts"
import type { SpanContext } from "../../domain/span/SpanContext.ts"
import type { SpanError } from "../../domain/span/SpanError.ts"
import * as SpanRecords from "../../domain/span/SpanRecord.ts"
import type { Carrier, TraceState } from "../../ports/Carrier.ts"
import type { PendingRecord } from "../../ports/LateRetention.ts"
import type { Decision } from "./Sampler.ts"

// Omitted keys come back without `readonly`; `Own` replaces the keys that it names.
type Writable<T, K extends keyof T, Own = unknown> = Omit<T, K | keyof Own> & { -readonly [P in K]: T[P] } & Own

interface Tags {
  readonly meta: { [key: string]: string }
  readonly metrics: { [key: string]: number }
}

/** The view of the tracer on a span: the fields of its Effect span. */
export type TracedSpan = Writable<
  LiveSpan,
  "name" | "resource" | "service" | "type" | "durationNs" | "error" | "marked",
  Tags
>

/** The view of the tracer on a trace. */
export type TracedTrace = Writable<LocalTrace, "root" | "rootSpan" | "manual">

/** The view of the assembler on a trace. */
export type AssembledTrace = Writable<LocalTrace, "open" | "finished">

/** The view of the assembler on a span. */
export type AssembledSpan = Writable<LiveSpan, "ended", { readonly trace: AssembledTrace }>

/** The view of the sampler on a trace. */
export type SampledTrace = Writable<LocalTrace, "decision" | "provisional">

/** The view of the router on a span: the taker of its event, and the tags that name it. */
export type RoutedSpan = Writable<LiveSpan, "record" | "claim", Tags>

/** An APM span while it runs, and after it until its chunk leaves. */
export class LiveSpan implements Carrier {
  readonly trace: LocalTrace
  readonly spanId: string
  readonly parentId: string | undefined
  readonly startNs: bigint
  readonly llm: boolean
  /** Whether the span is the entry into its service. */
  readonly topLevel: boolean
  /** The index of the span in its local trace, by start. */
  readonly index: number
  readonly name: string
  readonly resource: string
  readonly service: string
  readonly type: string
  readonly durationNs: number = 0
  readonly error: 0 | 1 = 0
  readonly meta: ApmSpan["meta"] = {}
  readonly metrics: ApmSpan["metrics"] = {}
  readonly links: Array<ApmSpanLink> = []
  readonly record: PendingRecord | undefined = undefined
  readonly claim: Claim = "none"
  readonly ended: boolean = false
  readonly marked: SpanError | undefined = undefined

  constructor(options: {
    readonly trace: LocalTrace
    readonly spanId: string
    readonly parentId: string | undefined
    readonly name: string
    readonly resource: string
    readonly service: string
    readonly type: string
    readonly startNs: bigint
    readonly llm: boolean
    readonly topLevel: boolean
  }) {
    this.trace = options.trace
    this.spanId = options.spanId
    this.parentId = options.parentId
    this.name = options.name
    this.resource = options.resource
    this.service = options.service
    this.type = options.type
    this.startNs = options.startNs
    this.llm = options.llm
    this.topLevel = options.topLevel
    this.index = nextIndex(options.trace)
  }

  get traceId(): string {
    return this.trace.traceId
  }

  link(context: SpanContext<unknown>): void {
    nameFirst(this.trace, context)
  }

  attach(record: PendingRecord | undefined, claim: Claim): void {
    take(this, record, claim)
  }

  rename(name: string): void {
    setName(this, name)
  }

  toApmSpan(tags: Pick<ApmSpan, "meta" | "metrics">): ApmSpan {
    return new SealedSpan(this, tags)
  }
}

// A class, so that it begins in the young generation: see `SpanRecord`.
class SealedSpan implements ApmSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentId: string | undefined
  readonly name: string
  readonly resource: string
  readonly service: string
  readonly type: string
  readonly startNs: bigint
  readonly durationNs: number
  readonly error: 0 | 1
  readonly meta: ApmSpan["meta"]
  readonly metrics: ApmSpan["metrics"]
  readonly links: ApmSpan["links"]

  constructor(span: LiveSpan, { meta, metrics }: Pick<ApmSpan, "meta" | "metrics">) {
    this.traceId = span.trace.traceId
    this.spanId = span.spanId
    this.parentId = span.parentId
    this.name = span.name
    this.resource = span.resource
    this.service = span.service
    this.type = span.type
    this.startNs = span.startNs
    this.durationNs = span.durationNs
    this.error = span.error
    this.meta = meta
    this.metrics = metrics
    this.links = span.links
  }
}

// The content of an event that is elsewhere, or lost, would be memory that nothing counts.
const take = (span: RoutedSpan, record: PendingRecord | undefined, claim: Claim): void => {
  span.claim = claim
  const isHeldHere = claim === "none" || claim === "riding"
  span.record = record === undefined || isHeldHere ? record : SpanRecords.withoutContent(record)
}

const setName = (span: TracedSpan, name: string): void => {
  span.name = name
}

const nameFirst = (trace: Writable<LocalTrace, "llm">, { spanId, traceId }: SpanContext<unknown>): void => {
  trace.llm ??= { traceId, spanId }
}

const nextIndex = (trace: Writable<LocalTrace, "started">): number => trace.started++

/** The state of a local trace. `open` counts its spans that have started and not ended. */
export class LocalTrace implements TraceState {
  readonly traceId: string
  readonly upstream: Extracted | undefined
  readonly root: LiveSpan | undefined = undefined
  /** The tracer's own span of the root while it runs. `describe` copies its present fields into the root. */
  readonly rootSpan: { readonly describe: () => void } | undefined = undefined
  readonly session: Sourced | undefined = undefined
  /** The first LLM span of this local trace: the local root's tags name it. */
  readonly llm: { readonly traceId: string; readonly spanId: string } | undefined = undefined
  readonly open: number = 0
  readonly started: number = 0
  readonly finished: Array<LiveSpan> = []
  /** The decision, frozen by the first chunk or the first injection. */
  readonly decision: Decision | undefined = undefined
  /** The forecast of the priority before the decision. */
  readonly provisional: number | undefined = undefined
  readonly manual: "keep" | "drop" | undefined = undefined

  constructor(traceId: string, upstream: Extracted | undefined) {
    this.traceId = traceId
    this.upstream = upstream
  }
}
