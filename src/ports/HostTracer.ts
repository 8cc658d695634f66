/**
 * The port to another library's tracer that makes the APM spans of a layer and carries events on them.
 *
 * **Details**
 *
 * The host opens a span for each LLM Observability span and keeps its own sampling, its own payloads and its own
 * requests. The layer decides about each event right before the host gives the finished spans of a trace away, and puts
 * the events that ride on the host's spans. The host reports which request took them, and its outcome.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import type * as Tracer from "effect/Tracer"
import type { Injection } from "../domain/propagation/Propagation.ts"
import type { ApmSpan } from "../domain/span/ApmSpan.ts"
import type { SpanError } from "../domain/span/SpanError.ts"
import type { SpanRecord } from "../domain/span/SpanRecord.ts"
import type { Carrier } from "./Carrier.ts"
import type { DiagnosticsService } from "./Diagnostics.ts"
import type { Outcome } from "./Transport.ts"

/**
 * A span of the host that can carry an event. `traceId` is 32 hex characters, `spanId` 16. No member throws.
 *
 * @category models
 * @since 0.2.0
 */
export interface HostSpan {
  readonly traceId: string
  readonly spanId: string
  readonly service: string
  readonly tag: (key: string, value: string | number) => void
  readonly rename: (name: string) => void
  /** Names the LLM trace that calls from the span carry, as tags that travel with the APM trace. */
  readonly link: (carried: () => ReadonlyMap<string, string>) => void
  readonly hasEnded: () => boolean
  /** Whether the host still holds the span, so that a change of it leaves with it. */
  readonly isHeld: () => boolean
  /** Whether the host carries the whole of an event, as this span is. */
  readonly canCarry: (record: SpanRecord) => boolean
  /** Puts an event on the span. */
  readonly carry: (record: SpanRecord) => void
}

/**
 * The departure of the finished spans of a trace, as the host has decided it.
 *
 * @category models
 * @since 0.2.0
 */
export interface HostDeparture {
  /** The sampling priority. `undefined` if it is not known. */
  readonly priority: number | undefined
  /** Whether the host writes these spans at all. */
  readonly isWritten: boolean
  /** The local root, for the filters of the Agent. */
  readonly root: () => Pick<ApmSpan, "resource" | "meta">
}

/**
 * The events of one local trace of the host.
 *
 * @category models
 * @since 0.2.0
 */
export interface HostTrace {
  /** The carrier of an LLM Observability span. */
  readonly carrier: (span: HostSpan) => HostCarrier
  /** Whether events wait for the departure of the trace. */
  readonly isWaiting: () => boolean
  /** Decides the waiting events. The host calls it right before it takes the finished spans. */
  readonly depart: (departure: HostDeparture) => void
}

/**
 * A carrier on a span of the host.
 *
 * @category models
 * @since 0.2.0
 */
export interface HostCarrier extends Carrier {
  /** Writes the tags that depend on the taker of the event. The host calls it right before the span ends. */
  readonly seal: () => void
}

/**
 * The events in one request of the host.
 *
 * @category models
 * @since 0.2.0
 */
export interface HostPayload {
  /** The number of traces that the events ride. */
  readonly traces: number
  /** Settles the events by the outcome. A later call changes nothing. */
  readonly settle: (outcome: Outcome) => void
  /** Records a failed attempt after which the host may try again. */
  readonly fail: (bytesWritten: boolean) => void
  readonly isSettled: () => boolean
}

/**
 * The layer, as its host sees it.
 *
 * @category models
 * @since 0.2.0
 */
export interface HostEngine {
  /** The Effect spans that become spans of the host. */
  readonly apm: "llm" | "all"
  readonly diagnostics: DiagnosticsService
  readonly trace: () => HostTrace
  /** Takes the events that were put on spans since the last call, because a request with them begins. */
  readonly take: () => HostPayload | undefined
  /** Redacts the error of a span without an event. */
  readonly redactError: (name: string, error: SpanError) => SpanError
}

/**
 * A host in use by a layer. No member throws.
 *
 * @category models
 * @since 0.2.0
 */
export interface HostTracing {
  /** The tracer of the layer, whose spans are the host's. */
  readonly tracer: Tracer.Tracer
  /** Whether events can ride now. */
  readonly carries: () => boolean
  /** Records that events were put on spans and no request with them was seen. */
  readonly onSilence: () => void
  /** The headers' content for a call from a span of the host. It makes the host decide about the trace. */
  readonly injection: (span: unknown) => Injection | undefined
  /** Asks the host to send what it holds, if it can. */
  readonly flush: () => void
  readonly close: () => void
}

/**
 * A tracer of another library.
 *
 * @category models
 * @since 0.2.0
 */
export interface HostTracerService {
  readonly open: (engine: HostEngine) => HostTracing
}

/**
 * The host that a layer uses, if the context in which it is built has one.
 *
 * @category references
 * @since 0.2.0
 */
export const CurrentHostTracer: Context.Reference<HostTracerService | undefined> = Context.Reference<
  HostTracerService | undefined
>("effect-llmobs/ports/CurrentHostTracer", { defaultValue: () => undefined })
