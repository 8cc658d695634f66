/**
 * The tracer that records the calls of language models: it sees the start, the end and the attributes of their spans.
 *
 * **Details**
 *
 * A span of the layer's own tracer carries the event, and ends with the answer. The spans of a tracer of the program's own
 * get the times, the exits and the attributes that they would have without this one.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import * as CallbackRegion from "../../engine/context/CallbackRegion.ts"
import * as ProcessWide from "../../engine/context/ProcessWide.ts"
import * as RunningLayers from "../../engine/context/RunningLayers.ts"
import * as TracerDecoration from "../../engine/context/TracerDecoration.ts"
import { CurrentCallbackContext } from "../../ports/CallbackContext.ts"
import type { Slot } from "../../ports/Carrier.ts"
import { CarrierSlot } from "../../ports/Carrier.ts"
import type { ContextReader } from "../../ports/ContextReader.ts"
import { CurrentSpan } from "../../ports/CurrentSpan.ts"
import type { RecorderService, TracerSpan } from "../../ports/Recorder.ts"
import { Recorder } from "../../ports/Recorder.ts"
import * as Integration from "./Integration.ts"
import { ModelCall, namesIn } from "./ModelCall.ts"
import type { ModelCalls } from "./ModelCalls.ts"
import type { ModelServices } from "./ModelServices.ts"
import * as SpanAttributes from "./SpanAttributes.ts"

type SpanInput = Parameters<Tracer.Tracer["span"]>[0]
type AnyFiber = Fiber.Fiber<unknown, unknown>

const names: ReadonlySet<string> = new Set([
  "LanguageModel.generateText",
  "LanguageModel.generateObject",
  "LanguageModel.streamText"
])

export const make = (given: Tracer.Tracer, calls: ModelCalls, services: ModelServices): Tracer.Tracer => {
  const tracer = decorated.get(given) ?? given
  const ours = TracerDecoration.decorate(tracer, (input) => {
    // An LLM span of ours can have such a name, too.
    const isCall = names.has(input.name) && Context.get(input.annotations, CarrierSlot) === undefined
    const fiber = isCall ? Fiber.getCurrent() : undefined
    const recorder = fiber?.getRef(Recorder)
    return recorder === undefined ? tracer.span(input) : open(tracer, calls, services, recorder, fiber!, input)
  })
  decorated.set(ours, tracer)
  return ours
}

// The tracers that were decorated here. A layer inside another one replaces its tracer, so that a call is recorded once.
const decorated = ProcessWide.get("EffectAiTracers/1", () => new WeakMap<Tracer.Tracer, Tracer.Tracer>())

const open = (
  tracer: Tracer.Tracer,
  calls: ModelCalls,
  services: ModelServices,
  recorder: RecorderService,
  fiber: AnyFiber,
  input: SpanInput
): Tracer.Span => {
  const region = CallbackRegion.around(fiber)
  const reader = CallbackRegion.within(region, fiber)
  const isClaimed = RunningLayers.isClaimed(reader)
  const slot: Slot = { kind: "llm", reader, carrier: undefined }
  const span = tracer.span(
    isClaimed ? input : {
      ...input,
      parent: Option.orElse(input.parent, () => Context.getOption(reader.context, Tracer.ParentSpan)),
      annotations: Context.add(input.annotations, CarrierSlot, slot)
    }
  )
  calls.guarded("start", () => {
    calls.see(span)
    const call = isClaimed ? undefined : start(recorder, fiber, reader, slot, span)
    if (call === undefined) return
    calls.add(span, call)
    try {
      const before = fiber.context
      const inside = within(region === undefined ? before : Context.merge(region, before), call, services)
      observe(calls, call, slot.carrier !== undefined, () => {
        if (Fiber.getCurrent() === fiber && fiber.context === inside) fiber.setContext(before)
      })
      fiber.setContext(inside)
    } catch (error) {
      // A span that cannot be observed has no end that would end the event.
      recorder.end(call.open, { unfinished: true })
      throw error
    }
  })
  return span
}

const start = (
  recorder: RecorderService,
  fiber: AnyFiber,
  reader: ContextReader,
  { carrier }: Slot,
  span: Tracer.Span
): ModelCall | undefined => {
  const record = recorder.start({
    kind: "llm",
    name: span.name,
    ambient: reader,
    carrier,
    span: carrier === undefined ? { traceId: span.traceId, spanId: span.spanId } : carrying(span),
    options: Integration.options,
    // The scope of a stream can stay open for longer than the layer, which then ends the event.
    scoped: !isStream(span)
  })
  if (record === undefined) return undefined
  record.claimed = true
  const parent = reader.getRef(CurrentSpan)
  return new ModelCall({
    recorder,
    open: record,
    parent,
    span,
    clock: reader.getRef(Clock.Clock),
    names: namesIn(reader.context),
    streamedIn: isStream(span) ? fiber : undefined
  })
}

// The span that carries the event ends with it, by the end that it has without us.
const carrying = (span: Tracer.Span): TracerSpan => {
  const end = span.end.bind(span)
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    get status() {
      return span.status
    },
    end
  }
}

const observe = (calls: ModelCalls, call: ModelCall, isOurs: boolean, onEnd: () => void): void => {
  const { span } = call
  const guard = (body: () => boolean): boolean => {
    let result = false
    calls.guarded("attribute", () => {
      result = body()
    })
    return result
  }
  SpanAttributes.intercept(span, (key, value) =>
    guard(() => {
      if (key === "tool") call.startTool(String(value), guard)
      else if (key === "parameters") call.parameterize(value)
      else {
        call.attribute(key, value)
        return false
      }
      return isOurs
    }))
  const end = span.end.bind(span)
  span.end = (time, exit) => {
    if (span.status._tag === "Started") calls.guarded("end", () => call.end(time, exit))
    if (!isOurs || span.status._tag === "Started") end(time, exit)
    onEnd()
  }
}

const isStream = (span: Tracer.Span): boolean => span.name === "LanguageModel.streamText"

/** The context inside a call. */
const within = (
  around: Context.Context<never>,
  call: ModelCall,
  services: ModelServices
): Context.Context<never> => {
  const inside = services.around(Context.add(around, CurrentSpan, call.open))
  // A stream, unlike the other calls, does not make its span the current one.
  const context = isStream(call.span)
    ? Context.add(inside, Tracer.ParentSpan, call.span)
    : inside
  return Context.get(context, CurrentCallbackContext)?.enter(context) ?? context
}
