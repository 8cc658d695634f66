/**
 * Turns spans of OpenTelemetry into LLM Observability spans, in one tree with those that the recorder has from elsewhere.
 *
 * **Details**
 *
 * A finished span is held until its local root ends (see `LocalTrace`). It is handed over earlier if a span that starts
 * inside it needs it as its parent, at a flush, after 30 seconds, and when too much is held; its ancestors then count by
 * the attributes that they have so far. A span that is still open 30 seconds after its local root has ended is ended as
 * unfinished, because some instrumentations never end the span of a failed call. If too many spans are open, those of
 * the oldest trace are ended so. Nothing is held after the layer failed, and not much while it is built.
 */
import * as Context from "effect/Context"
import type { OtelEvent } from "../../domain/semconv/OtelSpan.ts"
import * as SpanId from "../../domain/span/SpanId.ts"
import * as TraceId from "../../domain/span/TraceId.ts"
import * as CallbackRegion from "../../engine/context/CallbackRegion.ts"
import * as ContextReader from "../../ports/ContextReader.ts"
import type { OpenSpan } from "../../ports/CurrentSpan.ts"
import { CurrentSpan } from "../../ports/CurrentSpan.ts"
import type { HostPlace, HostSpansService } from "../../ports/HostSpans.ts"
import type { IncomingRequest } from "../../ports/IncomingRequest.ts"
import type { TracerSpan } from "../../ports/Recorder.ts"
import { HostedEvents } from "./HostedEvents.ts"
import type { SdkSpan } from "./HostedSpan.ts"
import { HostedSpan, keyOf } from "./HostedSpan.ts"
import { LocalTrace } from "./LocalTrace.ts"
import type { OtelContext } from "./OtelApi.ts"
import * as OtelApi from "./OtelApi.ts"
import { around } from "./OtelContext.ts"

type SpanIds = Pick<OtelApi.SpanContext, "traceId" | "spanId">
type Trace = LocalTrace<HostedSpan>

/** The milliseconds that a span is held, and that an open span is waited for after its root. */
const patienceMillis = 30_000

// Held texts are not in the byte budget yet.
const mostHeldLength = 32_000_000
const mostHeld = 10_000

// The recorder has the same limit. A root that never ends would otherwise keep its trace for ever.
const mostOpen = 10_000

// Finished spans can still become parents, of work that was left running.
const mostEnded = 1_000

export class HostedSpans implements HostSpansService {
  private readonly now: () => number
  private readonly request: (reader: ContextReader.ContextReader) => IncomingRequest | undefined
  private readonly spans = new Map<string, HostedSpan>()
  private readonly ended: Array<HostedSpan> = []
  private readonly traces = new Set<Trace>()
  private readonly orders = new WeakMap<OpenSpan, number>()
  private order = 0
  private heldLength = 0
  /** The number of finished spans that are held. */
  held = 0
  /** The number of open spans. */
  open = 0
  private failed = false
  /** Finished spans that were dropped because no layer took their events. */
  dropped = 0
  /** Spans of the SDK that were ended as unfinished, so that their own end makes no second event. */
  private readonly givenUp = new WeakSet<SdkSpan>()
  private events: HostedEvents | undefined
  private reader = ContextReader.make(Context.empty())

  constructor(options: {
    /** Milliseconds. */
    readonly now: () => number
    /** The request that the caller handles. */
    readonly request: (reader: ContextReader.ContextReader) => IncomingRequest | undefined
  }) {
    this.now = options.now
    this.request = options.request
  }

  /** The recorder of a layer takes the events from now on. */
  connect(layer: Context.Context<never>): void {
    this.events = new HostedEvents(layer)
    this.reader = ContextReader.make(layer)
    for (const trace of this.traces) if (trace.rootEndedAt !== undefined) this.hand(trace)
  }

  /** The layer failed: what is held is dropped, and later spans make no events. */
  fail(): void {
    this.failed = true
    for (const trace of this.traces) this.drop(trace)
    this.traces.clear()
    this.spans.clear()
    this.ended.length = 0
    this.open = 0
  }

  start(span: SdkSpan, context: OtelContext | undefined): HostedSpan | undefined {
    if (this.failed) return undefined
    if (this.open >= mostOpen) this.settleOldest()
    const id = span.spanContext()
    const parentId = span.parentSpanContext?.spanId ?? span.parentSpanId
    const parent = parentId === undefined ? undefined : this.known({ traceId: id.traceId, spanId: parentId })
    const region = this.events === undefined ? undefined : CallbackRegion.around(this.reader)
    const open = region === undefined ? undefined : Context.get(region, CurrentSpan)
    const above = parent !== undefined && this.isInner(parent, open) ? parent : open
    const trace = parent?.trace ?? new LocalTrace()
    const request = this.request(this.reader)
    const hosted = new HostedSpan({ span, above, trace, context, request, order: ++this.order })
    trace.root ??= hosted
    trace.open.add(hosted)
    this.open++
    this.traces.add(trace)
    this.spans.set(hosted.key, hosted)
    return hosted
  }

  /** Whether the event of a running span will be ours, by its present attributes. The answer counts as told. */
  mark(span: SdkSpan): boolean {
    const hosted = this.known(span.spanContext())
    if (hosted === undefined || (hosted.recorded === undefined && !hosted.isKnown)) return false
    hosted.marked = true
    return true
  }

  /** Ends a span. The answer is whether its event is ours and that was not told before. */
  end(span: SdkSpan): boolean {
    if (this.givenUp.has(span)) return false
    const hosted = this.known(span.spanContext()) ?? this.start(span, undefined)
    if (hosted === undefined || hosted.ended !== undefined) return false
    hosted.end()
    const { trace } = hosted
    if (trace.open.delete(hosted)) this.open--
    this.forget(hosted)
    this.hold(hosted)
    if (trace.root === hosted) trace.rootEndedAt = this.now()
    if (trace.rootEndedAt !== undefined) this.hand(trace)
    if (this.isTooMuch()) this.handOldest()
    return !hosted.marked && hosted.isKnown
  }

  /** Adds a log record to the running span that it was emitted in. */
  log(span: SpanIds, event: OtelEvent): void {
    this.known(span)?.log(event)
  }

  /** Hands over every finished span. */
  release(): void {
    for (const trace of this.traces) this.hand(trace)
  }

  /** Hands over what has waited long enough, and ends what was forgotten. */
  sweep(): void {
    const limit = this.now() - patienceMillis
    for (const trace of this.traces) {
      if (trace.rootEndedAt !== undefined && trace.rootEndedAt <= limit) this.settle(trace)
      else if (trace.heldSince !== undefined && trace.heldSince <= limit) this.hand(trace)
    }
  }

  /** Ends every open span as unfinished, and hands over all. */
  close(): void {
    for (const trace of this.traces) this.settle(trace)
    this.spans.clear()
  }

  around(reader: ContextReader.ContextReader, current: OpenSpan | undefined): HostPlace {
    const context = this.events?.starting === false ? around(reader) : undefined
    const id = context === undefined ? undefined : OtelApi.spanContext(context)
    if (id === undefined || !TraceId.isValid(id.traceId) || !SpanId.isValid(id.spanId)) {
      return { parent: current, traceId: undefined }
    }
    const hosted = this.known(id)
    const isParent = hosted !== undefined && this.isInner(hosted, current)
    return { parent: isParent ? this.events?.nearest(hosted) ?? current : current, traceId: id.traceId }
  }

  started(open: OpenSpan, span: TracerSpan | undefined): void {
    this.orders.set(open, ++this.order)
    const hosted = this.events?.starting === false && span !== undefined ? this.known(span) : undefined
    if (hosted === undefined || hosted.recorded !== undefined) return
    hosted.recorded = open
    hosted.standsBack = true
  }

  private known(id: SpanIds): HostedSpan | undefined {
    return this.spans.get(keyOf(id))
  }

  // Both are around the caller, so the later one is inside the other.
  private isInner(span: HostedSpan, open: OpenSpan | undefined): boolean {
    return open === undefined || span.order > (this.orders.get(open) ?? 0)
  }

  private hold(span: HostedSpan): void {
    if (span.recorded === undefined && !span.isKnown) return
    span.trace.hold(span, this.now())
    this.held++
    this.heldLength += span.length
  }

  private hand(trace: Trace): void {
    const { events } = this
    if (events === undefined && trace.held.length > 0) return
    const finished = this.take(trace)
    // Parents first, because a child needs its parent's identity; then the ends, in their order.
    for (const span of finished.toSorted((a, b) => a.order - b.order)) events?.start(span)
    for (const span of finished) events?.end(span)
    if (trace.open.size === 0) this.traces.delete(trace)
  }

  private drop(trace: Trace): void {
    this.dropped += this.take(trace).length
    if (trace.open.size === 0) this.traces.delete(trace)
  }

  private take(trace: Trace): Array<HostedSpan> {
    this.heldLength -= trace.heldLength
    this.held -= trace.held.length
    return trace.take()
  }

  // The end was not observed; the work cannot have lasted longer than that of the root.
  private settle(trace: Trace): void {
    const rootEnd = trace.root?.ended?.at
    for (const span of trace.open) {
      const isLater = rootEnd === undefined || span.startedAt === undefined || span.startedAt > rootEnd
      const given = span.giveUp(isLater ? undefined : rootEnd)
      if (given !== undefined) this.givenUp.add(given)
      this.hold(span)
      this.forget(span)
    }
    this.open -= trace.open.size
    trace.open.clear()
    trace.rootEndedAt ??= this.now()
    this.hand(trace)
    if (this.isTooMuch()) this.handOldest()
  }

  private settleOldest(): void {
    for (const trace of this.traces) {
      if (trace.open.size === 0) continue
      this.events?.warnOnce("otel.open_spans", tooManyOpen)
      this.settle(trace)
      return
    }
  }

  private isTooMuch(): boolean {
    return this.held > mostHeld || this.heldLength > mostHeldLength
  }

  private handOldest(): void {
    for (const trace of this.traces) {
      if (!this.isTooMuch()) return
      if (this.events === undefined) this.drop(trace)
      else this.hand(trace)
    }
  }

  private forget(span: HostedSpan): void {
    this.ended.push(span)
    if (this.ended.length > mostEnded) this.spans.delete(this.ended.shift()!.key)
  }
}

const tooManyOpen =
  `More than ${mostOpen} spans of OpenTelemetry were open. Those of the oldest trace were ended; their events have the tag effect.span.unfinished. End each span. See docs/adopting.md.`
