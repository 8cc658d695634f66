/**
 * A carrier on a span of another tracer.
 */
import type { Claim } from "../../domain/delivery/Claim.ts"
import * as MetaStruct from "../../domain/event/MetaStruct.ts"
import type { SpanContext } from "../../domain/span/SpanContext.ts"
import * as GenAi from "../../domain/trace/GenAi.ts"
import type { TraceState } from "../../ports/Carrier.ts"
import type { HostCarrier, HostSpan } from "../../ports/HostTracer.ts"
import type { PendingRecord } from "../../ports/LateRetention.ts"

/** The state of an LLM Observability span on a span of the host, until its event has a taker. */
export class HostedSpan implements HostCarrier {
  readonly host: HostSpan
  readonly trace: TraceState
  /** The tags that the router adds. {@link seal} writes them. */
  readonly meta: { [key: string]: string } = {}
  record: PendingRecord | undefined = undefined
  claim: Claim = "none"
  readonly marked = undefined
  readonly #onWaiting: (span: HostedSpan) => void

  constructor(host: HostSpan, trace: TraceState, onWaiting: (span: HostedSpan) => void) {
    this.host = host
    this.trace = trace
    this.#onWaiting = onWaiting
  }

  get traceId(): string {
    return this.host.traceId
  }

  get spanId(): string {
    return this.host.spanId
  }

  get service(): string {
    return this.host.service
  }

  get ended(): boolean {
    return this.host.hasEnded()
  }

  // The host's root is not ours, so it does not name the LLM trace.
  link(_context: SpanContext<unknown>): void {}

  attach(record: PendingRecord | undefined, claim: Claim): void {
    this.claim = claim
    if (record !== undefined) this.#describe(record)
    if (claim !== "none") return
    this.record = record
    if (record !== undefined) this.#onWaiting(this)
  }

  rename(name: string): void {
    this.host.rename(name)
  }

  seal(): void {
    if (this.claim === "outbox") this.meta[MetaStruct.submittedTag] = "1"
    for (const key of Object.keys(this.meta)) this.host.tag(key, this.meta[key]!)
  }

  #describe(record: PendingRecord): void {
    const meta: { [key: string]: string } = {}
    const metrics: { [key: string]: number } = {}
    GenAi.write(record, meta, metrics)
    if (record.error !== undefined) {
      meta["error.type"] = record.error.type
      meta["error.message"] = record.error.message
      meta["error.stack"] = record.error.stack
    }
    for (const key of Object.keys(meta)) this.host.tag(key, meta[key]!)
    for (const key of Object.keys(metrics)) this.host.tag(key, metrics[key]!)
  }
}
