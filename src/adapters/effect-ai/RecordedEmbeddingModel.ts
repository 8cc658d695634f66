/**
 * An embedding model that records its calls.
 */
import type { EmbeddingModel } from "effect/ai/EmbeddingModel"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as PairedSpan from "../../engine/record/PairedSpan.ts"
import * as Integration from "./Integration.ts"
import type { ModelNames } from "./ModelCall.ts"
import * as UnclaimedCall from "./UnclaimedCall.ts"

export const make = (model: EmbeddingModel, names: ModelNames): EmbeddingModel => {
  const record = <A extends object, E>(
    name: string,
    inputs: ReadonlyArray<string>,
    self: Effect.Effect<A, E>
  ): Effect.Effect<A, E> =>
    UnclaimedCall.record(self, (fiber) => {
      let span: PairedSpan.PairedSpan | undefined
      return Effect.onExitPrimitive(
        Effect.suspend(() => {
          const options = { ...Integration.options, ...names, input: inputs.map((text) => ({ text })) }
          const opened = span = PairedSpan.open(fiber, { kind: "embedding", name, options, scoped: true })
          return Effect.updateContext(self, (context: Context.Context<never>) => opened.inside(context))
        }),
        (exit) => span?.endAndWait({ exit, output: (answer) => answer })
      )
    })
  return {
    ...model,
    embed: (input) => record("EmbeddingModel.embed", [input], model.embed(input)),
    embedMany: (input) => record("EmbeddingModel.embedMany", input, model.embedMany(input))
  }
}
