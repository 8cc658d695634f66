/**
 * The tracer of a layer, and the propagator that reads its traces.
 */
import * as Context from "effect/Context"
import * as Tracer from "effect/Tracer"
import type { CallerStorage } from "../adapters/async-context/CallerStorage.ts"
import * as FiberCallbacks from "../adapters/async-context/FiberCallbacks.ts"
import * as EffectTracer from "../adapters/effect-tracer/EffectTracer.ts"
import type { Checked } from "../domain/Problem.ts"
import * as PropagationStyle from "../domain/propagation/PropagationStyle.ts"
import * as RedactedRecord from "../domain/redaction/RedactedRecord.ts"
import { guard } from "../engine/books/Guard.ts"
import type { TraceSampler } from "../engine/chunk/TraceSampler.ts"
import * as CallbackRegion from "../engine/context/CallbackRegion.ts"
import * as Injector from "../engine/context/Injector.ts"
import * as RequestContext from "../engine/context/RequestContext.ts"
import * as RunningLayers from "../engine/context/RunningLayers.ts"
import * as TracerDecoration from "../engine/context/TracerDecoration.ts"
import type { AmbientContextService } from "../ports/AmbientContext.ts"
import { CurrentCallbackContext } from "../ports/CallbackContext.ts"
import type { DiagnosticsService } from "../ports/Diagnostics.ts"
import type { PropagatorService } from "../ports/Propagator.ts"
import type { Foundation } from "./Foundation.ts"
import type { Settings } from "./Settings.ts"
import type { TraceRoad } from "./TraceRoad.ts"

interface Options {
  readonly settings: Settings
  readonly foundation: Foundation
  readonly ambient: AmbientContextService
  readonly sampler: TraceSampler
}

/** The tracer that makes APM spans, and carriers of events. */
export const tracer = (
  options: Options & {
    readonly service: string
    readonly chunks: TraceRoad["chunks"]
  }
): Tracer.Tracer => {
  const { chunks, foundation: { diagnostics, elapsed, ids, now }, settings } = options
  return EffectTracer.make({
    apm: settings.apm === "all" ? "all" : "llm",
    service: options.service,
    ids,
    ambient: options.ambient,
    diagnostics,
    priority: options.sampler.forecast,
    start: chunks.start,
    finish: (span) => chunks.finish(span, elapsed),
    nowMillis: now,
    ...redaction(settings, diagnostics)
  })
}

/** The redaction of the fields that a tracer writes on its own spans. Without rules there is none. */
export const redaction = (
  { redaction: policy }: Pick<Settings, "redaction">,
  diagnostics: DiagnosticsService
): Pick<EffectTracer.Options, "redactError" | "redactTags"> => {
  if (!RedactedRecord.isActive(policy)) return {}
  const reported = <A>({ problems, value }: Checked<A>): A => {
    if (problems.length > 0) diagnostics.report(problems)
    return value
  }
  return {
    redactError: (name, error) => reported(RedactedRecord.applyToError(name, error, policy)),
    redactTags: (name, tags) => reported(RedactedRecord.applyToTags(name, tags, policy))
  }
}

/**
 * Spans that start in callbacks find the fiber that waits for them. The steps of a fiber are evaluated by the tracer inside
 * LLM spans alone, until plain code looks for fibers elsewhere: every step would pay for it as well.
 */
export const callbacks = (
  ambient: AmbientContextService,
  tracer: Tracer.Tracer | undefined,
  storage: CallerStorage
): Context.Context<never> => {
  const { evaluate, store } = FiberCallbacks.make(storage)
  if (tracer !== undefined) {
    // The tracer of a host evaluates steps in the host's context.
    const own = tracer.context
    const leaving = EffectTracer.evaluation(own, evaluate)
    TracerDecoration.withContext(tracer, () => RunningLayers.looksForFibers() ? leaving : own)
  }
  const evaluating = new WeakMap<Tracer.Tracer, Tracer.Tracer>()
  const inside = (around: Tracer.Tracer): Tracer.Tracer => {
    if (tracer === undefined || TracerDecoration.undecorated(around) !== tracer) return around
    const known = evaluating.get(around)
    if (known !== undefined) return known
    const made = EffectTracer.evaluating(around, evaluate)
    evaluating.set(around, made)
    return made
  }
  // Nearly all spans start under one tracer, or directly inside another span under it.
  let lastAround: Tracer.Tracer | undefined
  let lastInside: Tracer.Tracer | undefined
  return Context.make(CurrentCallbackContext, {
    ...CallbackRegion.make({ store, ambient }),
    enter: (context) => {
      const around = Context.get(context, Tracer.Tracer)
      if (around === lastInside) return context
      if (around !== lastAround) {
        lastInside = inside(around)
        lastAround = around
      }
      return lastInside === around ? context : Context.addUnsafe(context, Tracer.Tracer.key, lastInside)
    }
  })
}

/** The propagator: headers of calls that leave, and of requests that come. */
export const propagator = (
  { ambient, foundation: { diagnostics }, injectionOf, sampler, settings }: Options & {
    /** The headers' content for a call from a span of another tracer that makes this layer's spans. */
    readonly injectionOf: Parameters<typeof Injector.make>[0]["injectionOf"]
  }
): PropagatorService => ({
  ...Injector.make({
    settings: settings.apm === "off" ? PropagationStyle.withoutApm(settings.propagation) : settings.propagation,
    ambient,
    diagnostics,
    traceOf: EffectTracer.traceOf,
    injectionOf,
    decide: sampler.decide
  }),
  upstream: (reader) => ambient.current(reader)?.upstream,
  extract: (headers) =>
    guard(diagnostics, "extract", () => {
      const { problems, value } = RequestContext.fromHeaders(headers, settings.propagation, undefined)
      if (problems.length > 0) diagnostics.report(problems)
      return value
    }, RequestContext.nothing)
})
