/**
 * A carrier on a span of another tracer.
 */
import type { Claim } from "../../domain/delivery/Claim.ts"
import * as MetaStruct from "../../domain/event/MetaStruct.ts"
import * as GenAi from "../../domain/trace/GenAi.ts"
import type { TraceState } from "../../ports/Carrier.ts"
import type { HostCarrier, HostSpan } from "../../ports/HostTracer.ts"
import type { PendingContext, PendingRecord } from "../../ports/LateRetention.ts"

/** The parts of the router that a span calls. */
export interface Router {
  /** An event begins to wait. */
  readonly onWaiting: (span: HostedSpan) => void
  /** The tags by which a call carries the LLM trace of a span. */
  readonly carried: (context: PendingContext) => ReadonlyMap<string, string>
}

/** The state of an LLM Observability span on a span of the host, until its event has a taker. */
export class HostedSpan implements HostCarrier {
  readonly host: HostSpan
  readonly trace: TraceState
  /** The tags that the router adds. {@link seal} writes them. */
  readonly meta: { [key: string]: string } = {}
  record: PendingRecord | undefined = undefined
  claim: Claim = "none"
  readonly marked = undefined
  readonly #router: Router

  constructor(host: HostSpan, trace: TraceState, router: Router) {
    this.host = host
    this.trace = trace
    this.#router = router
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

  // The host's root is not ours, so it does not name the LLM trace. Calls from the span do.
  link(context: PendingContext): void {
    this.host.link(() => this.#router.carried(context))
  }

  attach(record: PendingRecord | undefined, claim: Claim): void {
    this.claim = claim
    if (record !== undefined) this.#describe(record)
    if (claim !== "none") return
    this.record = record
    if (record !== undefined) this.#router.onWaiting(this)
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
