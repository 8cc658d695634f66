/**
 * OpenTelemetry beside Effect: its active span and baggage are the context of LLM Observability spans.
 *
 * **Details**
 *
 * Baggage with `session.id`, `user.id` and `account.id` labels the spans, `_ml_obs.*` puts them into an experiment, and
 * the active span is the parent of APM spans that have none in the fiber. It needs the context manager of any SDK, and
 * imports no package of OpenTelemetry.
 *
 * **Example** (A session in baggage)
 *
 * ```ts import.meta.vitest
 * import { context, propagation } from "@opentelemetry/api"
 * import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks"
 * import * as LLMObs from "effect-llmobs/LLMObs"
 * import * as Otel from "effect-llmobs/Otel"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import * as Option from "effect/Option"
 *
 * context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
 * const Live = LLMObs.layerDev({ mlApp: "shop" }).pipe(Layer.provide(Otel.layer))
 *
 * const session = LLMObs.currentSpan.pipe(
 *   Effect.map((span) => Option.getOrThrow(span).sources.session),
 *   LLMObs.workflow("support"),
 *   Effect.provide(Live)
 * )
 *
 * const baggage = propagation.createBaggage({ "session.id": { value: "s-1" } })
 * await context.with(propagation.setBaggage(context.active(), baggage), () => Effect.runPromise(session)) // => "rum"
 * ```
 *
 * @since 0.1.0
 */
import type { Context as OtelContext } from "@opentelemetry/api"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as OtelAdapter from "../adapters/otel/OtelContext.ts"
import { CurrentHostContextSource } from "../ports/IncomingRequest.ts"

/**
 * Reads the active context of OpenTelemetry. Provide it to the layer of LLM Observability, or beside it.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<never> = Layer.sync(CurrentHostContextSource, OtelAdapter.source)

/**
 * Keeps the active context around an effect, when the effect starts.
 *
 * **When to use**
 *
 * Use it where an application enters Effect, if parts of the effect run on behalf of a caller but in the context of
 * another: batched requests (with the `context` of their entry), or a runtime without asynchronous context.
 *
 * @category combinators
 * @since 0.1.0
 */
export const capture = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.suspend(() => Effect.provideService(self, OtelAdapter.CurrentOtelContext, OtelAdapter.active()))

/**
 * Runs an effect in a context of OpenTelemetry, such as one that came with a message, or `ROOT_CONTEXT` for work
 * without a caller.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withContext = (context: OtelContext) => <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.provideService(self, OtelAdapter.CurrentOtelContext, context)
