/**
 * Records the events of hosted spans, each under the nearest LLM Observability span.
 */
import * as Context from "effect/Context"
import type { SpanReading } from "../../domain/semconv/SpanReading.ts"
import * as SpanReadings from "../../domain/semconv/SpanReading.ts"
import * as ContextReader from "../../ports/ContextReader.ts"
import type { OpenSpan } from "../../ports/CurrentSpan.ts"
import { Diagnostics } from "../../ports/Diagnostics.ts"
import { CurrentRequest } from "../../ports/IncomingRequest.ts"
import type { RecorderService } from "../../ports/Recorder.ts"
import { Recorder } from "../../ports/Recorder.ts"
import type { Above } from "./HostedSpan.ts"
import { HostedSpan } from "./HostedSpan.ts"
import type { OtelContext } from "./OtelApi.ts"
import { CurrentOtelContext } from "./OtelContext.ts"

export class HostedEvents {
  private readonly layer: Context.Context<never>
  private readonly recorder: RecorderService | undefined
  /** Whether the recorder is starting the span of a hosted one, which has its place already. */
  starting = false

  constructor(layer: Context.Context<never>) {
    this.layer = layer
    this.recorder = Context.get(layer, Recorder)
  }

  warnOnce(key: string, line: string): void {
    Context.getOrUndefined(this.layer, Diagnostics)?.warnOnce(key, line)
  }

  /** The nearest recorded span on the way up. Spans that are none of LLM Observability's are passed. */
  nearest(above: Above): OpenSpan | undefined {
    let place = above
    while (place instanceof HostedSpan) {
      const recorded = this.start(place)
      if (recorded !== undefined) return recorded
      place = place.above
    }
    return place
  }

  /** Starts the event of a span, if it is one of LLM Observability's by now. */
  start(span: HostedSpan): OpenSpan | undefined {
    if (span.recorded !== undefined) return span.recorded
    const reading = span.reading()
    if (reading === undefined) return undefined
    const parent = this.nearest(span.above)
    const outer = hostOf(parent, span.above)
    if (parent !== undefined && isOneCall(reading, parent)) {
      span.standsBack = true
      outer?.inner.push(reading)
      return span.recorded = parent
    }
    if (reading.kind === "embedding" && parent?.context.kind === "embedding" && outer !== undefined) {
      outer.repeats = true
    }
    return span.recorded = this.open(span, reading, parent)
  }

  private open(span: HostedSpan, reading: SpanReading, parent: OpenSpan | undefined): OpenSpan | undefined {
    const { model, provider, sessionId, userId } = reading
    const { spanId, traceId } = span.id
    this.starting = true
    try {
      return this.recorder?.start({
        kind: reading.kind,
        name: reading.name ?? span.name,
        parent,
        at: span.startedAt,
        ambient: ContextReader.make(
          this.layer.pipe(
            Context.add(CurrentOtelContext, span.context ?? nowhere),
            Context.add(CurrentRequest, span.request)
          )
        ),
        options: { model, provider, sessionId, userId },
        span: { spanId, traceId },
        scoped: span.ended !== undefined
      })
    } finally {
      this.starting = false
    }
  }

  /** Ends the event of a span that has ended. */
  end(span: HostedSpan): void {
    const { ended, recorded } = span
    const reading = SpanReadings.join([span.reading(), ...span.inner])
    if (recorded === undefined || span.standsBack || reading === undefined) return
    const { kind: _, metrics, name, ...fields } = reading
    this.recorder?.annotate(recorded, {
      ...fields,
      name: name ?? ended?.name,
      metrics: span.repeats ? undefined : metrics
    })
    this.recorder?.end(recorded, { at: ended?.at, error: ended?.error, unfinished: ended?.unfinished })
  }
}

const nowhere: OtelContext = { getValue: () => undefined }

/** The hosted span of a recorded one. */
const hostOf = (recorded: OpenSpan | undefined, above: Above): HostedSpan | undefined => {
  let place = above
  while (place instanceof HostedSpan && (place.recorded !== recorded || place.standsBack)) place = place.above
  return place instanceof HostedSpan ? place : undefined
}

/** Whether a span is part of a model call that has an event: one library often calls the next, and both write spans. */
const isOneCall = (reading: SpanReading, parent: OpenSpan): boolean =>
  parent.claimed || (reading.kind === "llm" && parent.context.kind === "llm")
