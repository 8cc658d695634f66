/**
 * Calls of `effect/ai` models, recorded without a line in the program.
 *
 * **Details**
 *
 * `LanguageModel.generateText`, `generateObject` and `streamText`, also behind `Chat`, become llm spans: messages, reasoning,
 * tool calls, tool definitions, parameters, model, provider, token counts, finish reason. Tools of a toolkit become tool
 * spans with their own time, arguments and result; spans of their handlers are below them. Calls that fail have their
 * input and the error, and streams that break or are left early the output until then. The time of an llm span ends with
 * the answer, before its tools.
 *
 * **Example** (A program without instrumentation)
 *
 * ```ts import.meta.vitest
 * import * as EffectAi from "effect-llmobs/EffectAi"
 * import * as LLMObs from "effect-llmobs/LLMObs"
 * import * as LanguageModel from "effect/ai/LanguageModel"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import * as Stream from "effect/Stream"
 *
 * // In a program of yours: a model of @effect/ai-openai, @effect/ai-anthropic, ….
 * const Model = Layer.effect(
 *   LanguageModel.LanguageModel,
 *   LanguageModel.make({
 *     generateText: () => Effect.succeed([{ type: "text", text: "Tomorrow." }]),
 *     streamText: () => Stream.empty
 *   })
 * )
 *
 * const Live = EffectAi.layer.pipe(Layer.provideMerge(LLMObs.layerDev({ mlApp: "shop" })))
 *
 * const program = Effect.gen(function*() {
 *   yield* LanguageModel.generateText({ prompt: "When does it arrive?" }).pipe(Effect.provide(Model))
 *   yield* LLMObs.flush
 *   const [call] = (yield* LLMObs.DevAgent).spans({ kind: "llm" })
 *   return [call?.input.messages, call?.output.messages]
 * })
 *
 * await Effect.runPromise(Effect.provide(program, Live)) // => [[{ content: "When does it arrive?", role: "user" }], [{ content: "Tomorrow.", role: "assistant" }]]
 * ```
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ModelHooks from "../adapters/effect-ai/ModelHooks.ts"
import * as RecordedModel from "../adapters/effect-ai/RecordedModel.ts"
import { Diagnostics } from "../ports/Diagnostics.ts"
import { Recorder } from "../ports/Recorder.ts"

/**
 * Records the calls of language models. It stands over the layer of LLM Observability:
 * `EffectAi.layer.pipe(Layer.provideMerge(LLMObs.layer({ mlApp: "shop" })))`.
 *
 * **Details**
 *
 * It decorates the tracer, and provides `CurrentSpanTransformer` and `ResponseIdTracker`. Those that the program has
 * around it, or around a call, are called as before.
 *
 * **Gotchas**
 *
 * A tracer that the program provides inside this layer hides it, and `Effect.withTracerEnabled(false)` switches it off:
 * calls there are recorded when they succeed, and their tools are not. Give the tracer to `LLMObs.layer` instead. A
 * `CurrentSpanTransformer` that only the layer of a model was built with is not called; provide it around this layer.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer: Layer.Layer<never> = Layer.effectContext(
  Effect.suspend(() =>
    Effect.flatMap(Effect.context<never>(), (context) => {
      const diagnostics = Context.getOrUndefined(context, Diagnostics)
      if (diagnostics !== undefined) return Effect.succeed(ModelHooks.make(context, diagnostics))
      const nothing: Context.Context<never> = Context.empty()
      return context.mapUnsafe.has(Recorder.key)
        ? Effect.succeed(nothing)
        : Effect.as(Effect.logWarning(withoutLayer), nothing)
    })
  )
)

const withoutLayer =
  "effect-llmobs: EffectAi.layer was built without the layer of LLM Observability, so it records nothing. Write EffectAi.layer.pipe(Layer.provideMerge(LLMObs.layer(...))). See docs/integrations.md."

/**
 * The names of a model, for services that do not know theirs.
 *
 * @category models
 * @since 0.2.0
 */
export interface ModelNames {
  readonly model?: string | undefined
  /** The provider that runs the model, such as `openai`. */
  readonly provider?: string | undefined
}

/**
 * Records the calls of the models that a layer makes: its `EmbeddingModel` and its `LanguageModel`.
 *
 * **When to use**
 *
 * Use it for embeddings, which no hook of `effect/ai` shows, and for language models where {@link layer} is not wanted: it
 * rests on nothing but the methods of the models, and works under any tracer. Both together record each call once.
 *
 * **Details**
 *
 * The parameters of a request are not among what a model's methods show. The names of a model made with `Model.make` are
 * known; for others, and until the answer names the model, give them.
 *
 * **Example** (Embeddings)
 *
 * ```ts import.meta.vitest
 * import * as EffectAi from "effect-llmobs/EffectAi"
 * import * as LLMObs from "effect-llmobs/LLMObs"
 * import * as EmbeddingModel from "effect/ai/EmbeddingModel"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * // In a program of yours: OpenAiEmbeddingModel.layer(...).
 * const Model = Layer.effect(
 *   EmbeddingModel.EmbeddingModel,
 *   EmbeddingModel.make({
 *     embedMany: ({ inputs }) => Effect.succeed({ results: inputs.map(() => [0.1, 0.2]), usage: { inputTokens: 7 } })
 *   })
 * )
 * const Embeddings = EffectAi.instrument(Model, { model: "text-embedding-3-small", provider: "openai" })
 *
 * const program = Effect.gen(function*() {
 *   const model = yield* EmbeddingModel.EmbeddingModel
 *   yield* model.embedMany(["one", "two"])
 *   yield* LLMObs.flush
 *   const [call] = (yield* LLMObs.DevAgent).spans({ kind: "embedding" })
 *   return [call?.model, call?.output.value, call?.metrics["input_tokens"]]
 * })
 *
 * await Effect.runPromise(
 *   program.pipe(Effect.provide(Embeddings), Effect.provide(LLMObs.layerDev({ mlApp: "shop" })))
 * ) // => ["text-embedding-3-small", "[2 embedding(s) returned with size 2]", 7]
 * ```
 *
 * @category combinators
 * @since 0.2.0
 */
export const instrument = <A, E, R>(self: Layer.Layer<A, E, R>, names: ModelNames = {}): Layer.Layer<A, E, R> =>
  Layer.effectContext(
    Effect.map(Layer.build(self), (services) => RecordedModel.instrument(services, names))
  ) as Layer.Layer<A, E, R>
