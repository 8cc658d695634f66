/**
 * A local trace: the spans of one trace that this process started under one local root.
 *
 * **Details**
 *
 * Traces are told apart by this object and not by their id: one process can hold several local roots of one trace.
 *
 * @since 0.1.0
 */
import type { Claim } from "../../domain/delivery/Claim.ts"
import type { Extracted } from "../../domain/propagation/Propagation.ts"
import type { ApmSpan, ApmSpanLink } from "../../domain/span/ApmSpan.ts"
import type { Sourced } from "../../domain/span/SessionSource.ts"
import type { SpanContext } from "../../domain/span/SpanContext.ts"
import type { SpanError } from "../../domain/span/SpanError.ts"
import type { SpanRecord } from "../../domain/span/SpanRecord.ts"
import type { Carrier, TraceState } from "../../ports/Carrier.ts"
import type { Decision } from "./Sampler.ts"

/**
 * An APM span while it runs, and after it until its chunk leaves.
 *
 * @category models
 * @since 0.1.0
 */
export class LiveSpan implements Carrier {
  readonly trace: LocalTrace
  readonly spanId: string
  readonly parentId: string | undefined
  readonly startNs: bigint
  readonly llm: boolean
  /** Whether the span is the entry into its service. */
  readonly topLevel: boolean
  /** The place of the span among those of its local trace, by start. */
  readonly index: number
  name: string
  resource: string
  service: string
  type: string
  durationNs = 0
  error: 0 | 1 = 0
  meta: { [key: string]: string } = {}
  metrics: { [key: string]: number } = {}
  links: Array<ApmSpanLink> = []
  record: SpanRecord | undefined = undefined
  claim: Claim = "none"
  ended = false
  marked: SpanError | undefined = undefined

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
    this.index = options.trace.started++
  }

  get traceId(): string {
    return this.trace.traceId
  }

  link(context: SpanContext): void {
    this.trace.llm ??= { traceId: context.traceId, spanId: context.spanId }
  }

  attach(record: SpanRecord | undefined, claim: Claim): void {
    this.record = record
    this.claim = claim
  }

  rename(name: string): void {
    this.name = name
  }

  toApmSpan(meta: ApmSpan["meta"], metrics: ApmSpan["metrics"]): ApmSpan {
    return {
      traceId: this.trace.traceId,
      spanId: this.spanId,
      parentId: this.parentId,
      name: this.name,
      resource: this.resource,
      service: this.service,
      type: this.type,
      startNs: this.startNs,
      durationNs: this.durationNs,
      error: this.error,
      meta,
      metrics,
      links: this.links
    }
  }
}

/**
 * The state of a local trace. `open` counts its spans that have started and not ended.
 *
 * @category models
 * @since 0.1.0
 */
export class LocalTrace implements TraceState {
  readonly traceId: string
  readonly upstream: Extracted | undefined
  root: LiveSpan | undefined = undefined
  /** The tracer's own span of the root while it runs: `describe` writes what it says so far into the root. */
  rootSpan: { readonly describe: () => void } | undefined = undefined
  session: Sourced | undefined = undefined
  /** The first LLM span of this local trace: the local root's tags name it. */
  llm: { readonly traceId: string; readonly spanId: string } | undefined = undefined
  open = 0
  started = 0
  finished: Array<LiveSpan> = []
  oldestFinishedAt = 0
  /** Frozen by the first chunk or the first injection. */
  decision: Decision | undefined = undefined
  /** The priority as it looked before the decision was needed. */
  provisional: number | undefined = undefined
  manual: "keep" | "drop" | undefined = undefined

  constructor(traceId: string, upstream: Extracted | undefined) {
    this.traceId = traceId
    this.upstream = upstream
  }
}
