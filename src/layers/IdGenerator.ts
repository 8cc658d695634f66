/**
 * Ids of your own for spans and traces, for reproducible tests or a company's own scheme.
 *
 * **Details**
 *
 * A layer with an `IdGenerator` in its context takes the ids of new spans and traces from it. An invalid id (see {@link
 * IdGeneratorService}) is replaced by a random one, and a warning is logged once. Ids must be unique: Datadog takes two
 * spans with one id for one span.
 *
 * **Example** (Ids that count)
 *
 * ```ts import.meta.vitest
 * import * as IdGenerator from "effect-llmobs/IdGenerator"
 * import * as LLMObs from "effect-llmobs/LLMObs"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import * as Option from "effect/Option"
 *
 * let last = 0
 * const Ids = Layer.succeed(IdGenerator.IdGenerator, {
 *   ...IdGenerator.make(),
 *   spanId: () => (++last).toString(16).padStart(16, "0")
 * })
 * const Live = LLMObs.layerDev({ mlApp: "shop" }).pipe(Layer.provide(Ids))
 *
 * const id = LLMObs.currentSpan.pipe(
 *   Effect.map((span) => Option.getOrThrow(span).spanId),
 *   LLMObs.llm("chat"),
 *   Effect.provide(Live)
 * )
 * await Effect.runPromise(id) // => "1"
 * ```
 *
 * @since 0.2.0
 */
import * as NodeIdGenerator from "../adapters/node-process/NodeIdGenerator.ts"
import type { IdGeneratorService } from "../ports/IdGenerator.ts"
import { IdGenerator } from "../ports/IdGenerator.ts"

export {
  /**
   * The generator of ids that a layer uses instead of its own.
   *
   * @category services
   * @since 0.2.0
   */
  IdGenerator
}

export type {
  /**
   * Makes ids. It is synchronous and must not throw.
   *
   * @category models
   * @since 0.2.0
   */
  IdGeneratorService
}

/**
 * Makes the default generator, which uses the cryptographic randomness of the process.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (): IdGeneratorService => NodeIdGenerator.make()
