/**
 * A span of OpenTelemetry while its event is not finished.
 */
import type { OtelEvent, OtelSpan } from "../../domain/semconv/OtelSpan.ts"
import * as OtelSpans from "../../domain/semconv/OtelSpan.ts"
import * as SemanticConventions from "../../domain/semconv/SemanticConventions.ts"
import type { SpanReading } from "../../domain/semconv/SpanReading.ts"
import type { OpenSpan } from "../../ports/CurrentSpan.ts"
import type { IncomingRequest } from "../../ports/IncomingRequest.ts"
import type { LocalTrace } from "./LocalTrace.ts"
import type { OtelContext, SpanContext } from "./OtelApi.ts"

/** A span as the processors of the SDKs 1, 2 and 3 get it. */
export interface SdkSpan extends OtelSpan {
  readonly spanContext: () => SpanContext
  /** SDK 1. */
  readonly parentSpanId?: string | undefined
  /** SDK 2 and 3. */
  readonly parentSpanContext?: { readonly spanId: string } | undefined
  readonly startTime: OtelSpans.HrTime
  readonly endTime: OtelSpans.HrTime
  readonly setAttribute?: ((key: string, value: string | boolean) => unknown) | undefined
  readonly resource?: { readonly attributes?: { readonly [key: string]: unknown } | undefined } | undefined
}

/** The key of a span among all spans of the process. */
export const keyOf = ({ spanId, traceId }: { readonly spanId: string; readonly traceId: string }): string =>
  `${traceId}${spanId}`

/** The place of the parent of a span: a span of OpenTelemetry, or one that the recorder has from elsewhere. */
export type Above = HostedSpan | OpenSpan | undefined

interface End {
  readonly at: bigint | undefined
  readonly name: string
  readonly error: OtelSpans.OtelFailure | undefined
  readonly unfinished: boolean
}

export class HostedSpan {
  readonly key: string
  readonly id: SpanContext
  readonly above: Above
  readonly trace: LocalTrace<HostedSpan>
  /** The context that the span was started in. */
  readonly context: OtelContext | undefined
  readonly request: IncomingRequest | undefined
  /** The order of starts among all spans. */
  readonly order: number
  readonly startedAt: bigint | undefined
  /** The span, until its end has been read. */
  private span: SdkSpan | undefined
  private logs: Array<OtelEvent> | undefined
  private final: SpanReading | undefined
  ended: End | undefined
  /** The recorded span of its event, or of the call that it belongs to. */
  recorded: OpenSpan | undefined
  /** Whether the event belongs to another: the recorder has it already, or the span is part of a call that has one. */
  standsBack = false
  /** Whether a span inside it counts the same tokens. */
  repeats = false
  /** The readings of spans that stand back for this one. */
  readonly inner: Array<SpanReading> = []
  /** Whether the host's exporters are told that the event is ours. */
  marked = false
  /** The length of its texts. */
  length = 0

  constructor(options: {
    readonly span: SdkSpan
    readonly above: Above
    readonly trace: LocalTrace<HostedSpan>
    readonly context: OtelContext | undefined
    readonly request: IncomingRequest | undefined
    readonly order: number
  }) {
    this.span = options.span
    this.id = options.span.spanContext()
    this.key = keyOf(this.id)
    this.above = options.above
    this.trace = options.trace
    this.context = options.context
    this.request = options.request
    this.order = options.order
    this.startedAt = OtelSpans.nanoseconds(options.span.startTime)
  }

  /** Whether the span is one of LLM Observability's, by its present attributes. */
  get isKnown(): boolean {
    return this.span === undefined ? this.final !== undefined : SemanticConventions.matches(this.span)
  }

  /** The content of the span, by its present attributes. */
  reading(): SpanReading | undefined {
    if (this.span === undefined) return this.final
    const { logs, span } = this
    return SemanticConventions.read(
      logs === undefined
        ? span
        : { name: span.name, attributes: span.attributes, events: [...span.events ?? [], ...logs] }
    )
  }

  get name(): string {
    return this.ended?.name ?? this.span?.name ?? ""
  }

  /** Adds a log record that was emitted inside the span. */
  log(event: OtelEvent): void {
    if (this.span === undefined) return
    const logs = this.logs ??= []
    if (logs.length < mostLogs) logs.push(event)
  }

  /** Reads the span for the last time, because other processors may change it later. */
  end(): void {
    if (this.span !== undefined) this.close(OtelSpans.nanoseconds(this.span.endTime), false)
  }

  /** Ends a span whose end was not observed. Returns the span of the SDK, which can still end. */
  giveUp(at: bigint | undefined): SdkSpan | undefined {
    const { span } = this
    this.close(at, true)
    return span
  }

  private close(at: bigint | undefined, unfinished: boolean): void {
    const { span } = this
    if (span === undefined) return
    this.final = this.reading()
    this.ended = { at, name: span.name, error: OtelSpans.failureOf(span), unfinished }
    if (this.final !== undefined) this.length = textLength(span.attributes)
    this.span = undefined
    this.logs = undefined
  }
}

const mostLogs = 1_000

const textLength = (attributes: OtelSpan["attributes"]): number => {
  let length = 0
  for (const key of Object.keys(attributes)) {
    const value = attributes[key]
    length += key.length + (typeof value === "string" ? value.length : 8)
  }
  return length
}
