import "./Effect4Beta.ts"
import { assert, describe, it } from "@effect/vitest"
import * as EmbeddingModel from "effect/ai/EmbeddingModel"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as ProviderServer from "../../providers/ProviderServer.ts"
import { metrics as counted } from "../../providers/Wire.ts"
import * as Clients from "../../src/layers/Clients.ts"
import * as EffectAi from "../../src/layers/EffectAi.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Testing from "../../src/layers/Testing.ts"
import { isInstalled, missing } from "./Installed.ts"

interface OpenAi {
  readonly language: Layer.Layer<LanguageModel.LanguageModel>
  readonly embedding: Layer.Layer<EmbeddingModel.EmbeddingModel>
}

/** A module of the package, whose types are those of another Effect. */
interface Module {
  readonly layer: (options: object) => Layer.Layer<never, never, never>
}

const openAi = async (origin: string): Promise<OpenAi> => {
  const load = async (name: string) => await import(/* @vite-ignore */ `@effect/ai-openai/${name}`) as Module
  const Client = await load("OpenAiClient")
  const Language = await load("OpenAiLanguageModel")
  const Embedding = await load("OpenAiEmbeddingModel")
  const client = Client.layer({ apiUrl: origin, apiKey: Redacted.make("k") }).pipe(
    Layer.provide(FetchHttpClient.layer)
  )
  return {
    language: Layer.provide(Language.layer({ model: "gpt-5", config: { temperature: 0.2 } }), client),
    embedding: Layer.provide(Embedding.layer({ model: "text-embedding-3-small" }), client)
  } as OpenAi
}

const Tools = Toolkit.make(
  Tool.make("weather", {
    parameters: Schema.Struct({ city: Schema.String }),
    success: Schema.Struct({ degrees: Schema.Number })
  })
)

const Handlers = Tools.toLayer({ weather: ({ city }) => Effect.succeed({ degrees: city.length }) })

const program = Effect.gen(function*() {
  const toolkit = yield* Tools
  yield* LanguageModel.generateText({ prompt: "Hi" })
  yield* LanguageModel.generateText({ prompt: "Weather?", toolkit })
  yield* Stream.runDrain(LanguageModel.streamText({ prompt: "Hi" }))
  yield* Stream.runDrain(LanguageModel.streamText({ prompt: "Weather?", toolkit }))
  yield* Effect.exit(LanguageModel.generateText({ prompt: "[status 400] Hi" }))
  yield* Effect.exit(Stream.runDrain(LanguageModel.streamText({ prompt: "[cut] Hello there" })))
  yield* Stream.runDrain(
    LanguageModel.streamText({ prompt: "[hang] Hello there" }).pipe(
      Stream.takeUntil((part) => part.type === "text-delta")
    )
  )
})

const test = (name: string, layer: Layer.Layer<Testing.Testing>) =>
  it.live(name, (ctx) => {
    if (!isInstalled("@effect/ai-openai")) ctx.skip(missing("@effect/ai-openai"))
    return Effect.gen(function*() {
      const server = yield* Effect.acquireRelease(
        Effect.promise(() => ProviderServer.start()),
        (server) => Effect.promise(server.close)
      )
      const models = yield* Effect.promise(() => openAi(server.openai))
      yield* program.pipe(
        LLMObs.workflow("support", { sessionId: "s-1" }),
        Effect.provide([models.language, Handlers])
      )
      yield* Effect.flatMap(EmbeddingModel.EmbeddingModel, (model) => model.embedMany(["one", "two"])).pipe(
        Effect.provide(EffectAi.instrument(models.embedding, { model: "text-embedding-3-small", provider: "openai" }))
      )
      const [workflow] = yield* Testing.events({ kind: "workflow" })
      const calls = yield* Testing.events({ kind: "llm" })
      const [whole, tooled, streamed, streamedTool, refused, cut, left] = calls
      assert.strictEqual(calls.length, 7, calls.map((call) => call.name).join(", "))
      for (const call of calls) {
        assert.deepInclude(call, { parentId: workflow?.spanId, sessionId: "s-1" })
        assert.strictEqual(call.tags["integration"], "effect_ai")
      }
      for (const call of [whole, tooled, streamed, streamedTool]) {
        assert.deepInclude(call?.metrics, counted)
        assert.deepInclude(call, { status: "ok", model: "gpt-5-2026-01-01" })
        assert.strictEqual(call?.metadata["temperature"], 0.2)
      }
      for (const call of [whole, streamed]) assert.deepStrictEqual(Testing.texts(call!.output), ["You said: Hi"])
      for (const call of [tooled, streamedTool]) {
        const [asked] = call!.output.messages!.flatMap((message) => (message["tool_calls"] ?? []) as ReadonlyArray<{}>)
        assert.deepInclude(asked, { name: "weather", arguments: { city: "Oslo" } })
        assert.strictEqual(call?.toolDefinitions?.length, 1)
      }
      assert.deepStrictEqual([refused?.status, Testing.texts(refused!.input)], ["error", ["[status 400] Hi"]])
      assert.strictEqual(cut?.status, "error")
      for (const call of [cut, left]) assert.match(Testing.texts(call!.output).join(""), /^You/)
      assert.deepStrictEqual(
        (yield* Testing.events({ kind: "tool" })).map(({ name, output, parentId }) => [name, output.value, parentId]),
        Array.from({ length: 2 }, () => ["weather", "{\"degrees\":4}", workflow?.spanId])
      )
      const [embedding, ...others] = yield* Testing.events({ kind: "embedding" })
      assert.deepStrictEqual(others, [])
      assert.deepInclude(embedding, { name: "EmbeddingModel.embedMany", model: "text-embedding-3-small" })
      assert.include(String(embedding?.output.value), "[2 embedding(s) returned")
      assert.strictEqual(embedding?.metrics["input_tokens"], 7)
    }).pipe(Effect.scoped, Effect.provide(layer))
  })

describe("@effect/ai-openai 4.0.0-beta.106", () => {
  test(
    "records calls, tools, streams, failures and embeddings",
    EffectAi.layer.pipe(Layer.provideMerge(Testing.layer()))
  )

  test(
    "has one event for each call under the layer for every client of the process",
    EffectAi.layer.pipe(Layer.provideMerge(Clients.layer), Layer.provideMerge(Testing.layer()))
  )
})
