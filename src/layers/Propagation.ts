/**
 * Injecting contexts into headers and extracting them, as `effect-llmobs/LLMObs` exports it.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import * as BaggageChange from "../domain/propagation/BaggageChange.ts"
import * as HeaderLookup from "../domain/propagation/HeaderLookup.ts"
import { BaggageChanges, CurrentAmbient } from "../ports/AmbientContext.ts"
import { CurrentSpan } from "../ports/CurrentSpan.ts"
import { Propagator } from "../ports/Propagator.ts"
import { Recorder } from "../ports/Recorder.ts"

/**
 * The headers that continue this trace, the LLM trace, its session and the baggage in another service. They are the
 * full set, so send them only to services that may have it. Empty without a layer.
 *
 * **Details**
 *
 * A session from a browser or a request body is not passed on, because the next service would trust it as ours. The
 * first call in a trace freezes its sampling decision.
 *
 * @category propagation
 * @since 0.1.0
 */
export const inject: Effect.Effect<{ readonly [name: string]: string }> = Effect.withFiber((fiber) =>
  Effect.succeed(fiber.getRef(Propagator)?.inject(fiber, "full") ?? {})
)

/**
 * Runs an effect as a continuation of headers: the APM trace, the LLM trace, the session and the baggage. Use it for
 * messages, and for servers without an adapter; an Effect HTTP server does not need it.
 *
 * **Details**
 *
 * Headers that are no text are ignored: brokers put numbers and dates beside them.
 *
 * @category propagation
 * @since 0.1.0
 */
export const extract = (
  headers:
    | { readonly [name: string]: string | ReadonlyArray<string> | undefined }
    | Iterable<readonly [name: string, value: string]>
): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> =>
<A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.withFiber((fiber): Effect.Effect<A, E, R> => {
    const propagator = fiber.getRef(Propagator)
    if (propagator === undefined) return self
    const ambient = propagator.extract(HeaderLookup.fromUnknown(headers))
    return Effect.updateContext(self, (context: Context.Context<R>) => {
      const map = new Map(context.mapUnsafe)
      map.set(CurrentAmbient.key, ambient)
      map.delete(BaggageChanges.key)
      map.delete(CurrentSpan.key)
      map.delete(Tracer.ParentSpan.key)
      return Context.makeUnsafe<R>(map)
    })
  })

/**
 * The upstream of the current effect. `traceId` is 32 hex characters and `spanId` 16. Both are missing if there was
 * only baggage, or if the settings start a new trace that links to the old one.
 *
 * @category models
 * @since 0.1.0
 */
export interface Upstream {
  readonly traceId: string | undefined
  readonly spanId: string | undefined
  readonly sampled: boolean | undefined
}

/**
 * The trace of the request or message behind the current effect, if it brought a usable one.
 *
 * @category propagation
 * @since 0.1.0
 */
export const upstream: Effect.Effect<Option.Option<Upstream>> = Effect.withFiber((fiber) => {
  const found = fiber.getRef(Propagator)?.upstream(fiber)
  return found === undefined ? Effect.succeedNone : Effect.succeedSome({
    traceId: found.traceId,
    spanId: found.parentId,
    sampled: found.priority === undefined ? undefined : found.priority > 0
  })
})

/**
 * The baggage that a call from here carries to other services: that of the request, with the changes of `withBaggage`.
 * Empty without a layer.
 *
 * @category propagation
 * @since 0.1.0
 */
export const baggage: Effect.Effect<{ readonly [key: string]: string }> = Effect.withFiber((fiber) => {
  const items = fiber.getRef(Propagator)?.baggage(fiber)
  return Effect.succeed(
    items === undefined ? {} : Object.fromEntries(Array.from(items, ([key, item]) => [key, item.value]))
  )
})

/**
 * Changes the baggage of an effect, in this fiber and those forked from it: a text replaces or adds a member,
 * `undefined` removes it.
 *
 * **Details**
 *
 * Baggage leaves with the calls of the effect and labels the spans that start inside it, like the header of a request:
 * `session.id`, `user.id` and `account.id` become labels of the lowest rank; `_ml_obs.experiment_id` puts the spans
 * into the experiments scope, and the other keys of an experiment become tags. Spans that are already open are not
 * changed, and the baggage is restored after the effect. The option `experimentBaggage: "ignore"` of the layer and a
 * propagation style without `baggage` disable this.
 *
 * **Example** (An experiment whose id another system gave)
 *
 * ```ts import.meta.vitest
 * import * as Effect from "effect/Effect"
 * import * as LLMObs from "effect-llmobs/LLMObs"
 *
 * const program = Effect.gen(function*() {
 *   yield* Effect.void.pipe(LLMObs.task("inside"), LLMObs.withBaggage({ "_ml_obs.experiment_id": "e-1" }))
 *   yield* Effect.void.pipe(LLMObs.task("after"))
 *   yield* LLMObs.flush
 *   const scopes = new Map<unknown, unknown>()
 *   for (const { event } of (yield* LLMObs.DevAgent).events()) {
 *     scopes.set(event["name"], (event["_dd"] as { readonly scope?: string }).scope)
 *   }
 *   return [scopes.get("inside"), scopes.get("after")]
 * })
 *
 * await Effect.runPromise(Effect.provide(program, LLMObs.layerDev({ mlApp: "shop" }))) // => ["experiments", undefined]
 * ```
 *
 * **Gotchas**
 *
 * Baggage goes to every service that `inject` is used for. Set a label that must win by the options of a span or by
 * `annotateSpans`, which are not sent. Members named `llmobs.…` are reserved and left out.
 *
 * @category propagation
 * @since 0.1.0
 */
export const withBaggage = (
  changes: { readonly [key: string]: string | undefined }
): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> =>
<A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.withFiber((fiber): Effect.Effect<A, E, R> => {
    const { problems, value } = BaggageChange.within(fiber.getRef(BaggageChanges), changes)
    if (problems.length > 0) fiber.getRef(Recorder)?.report(problems)
    return Effect.provideService(self, BaggageChanges, value)
  })
