/**
 * Ids of your own: of spans and traces, for tests that compare what leaves, or for a scheme that a company has.
 *
 * **Details**
 *
 * A layer that finds an `IdGenerator` in its context takes the ids of new spans and traces from it. An id that is none
 * (see {@link IdGeneratorService}) is replaced by a random one, and that is said once. Ids must be unique: two spans of one
 * id are one span to Datadog.
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
   * @category services
   * @since 0.2.0
   */
  IdGenerator
}

export type {
  /**
   * @category models
   * @since 0.2.0
   */
  IdGeneratorService
}

/**
 * Makes the generator that layers use by themselves, over the cryptographic randomness of the process.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (): IdGeneratorService => NodeIdGenerator.make()
