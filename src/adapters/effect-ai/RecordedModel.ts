/**
 * Models of `effect/ai` that record their calls: services with the same methods, which need no hook of `effect/ai`.
 */
import * as EmbeddingModels from "effect/ai/EmbeddingModel"
import * as LanguageModels from "effect/ai/LanguageModel"
import * as Context from "effect/Context"
import type { ModelNames } from "./ModelCall.ts"
import { namesIn } from "./ModelCall.ts"
import * as RecordedEmbeddingModel from "./RecordedEmbeddingModel.ts"
import * as RecordedLanguageModel from "./RecordedLanguageModel.ts"

/** Replaces the models among services with ones that record. */
export const instrument = <A>(
  services: Context.Context<A>,
  given: Partial<ModelNames>
): Context.Context<A> => {
  const inContext = namesIn(services as Context.Context<never>)
  const names = { model: given.model ?? inContext.model, provider: given.provider ?? inContext.provider }
  let out = services as Context.Context<unknown>
  const language = Context.getOrUndefined(out as Context.Context<never>, LanguageModels.LanguageModel)
  if (language !== undefined) {
    out = Context.add(out, LanguageModels.LanguageModel, RecordedLanguageModel.make(language, names))
  }
  const embedding = Context.getOrUndefined(out as Context.Context<never>, EmbeddingModels.EmbeddingModel)
  if (embedding !== undefined) {
    out = Context.add(out, EmbeddingModels.EmbeddingModel, RecordedEmbeddingModel.make(embedding, names))
  }
  return out as Context.Context<A>
}
