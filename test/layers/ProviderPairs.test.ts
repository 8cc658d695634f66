import { assert, describe, it } from "@effect/vitest"
import { context as contexts } from "@opentelemetry/api"
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks"
import { TracerProvider } from "@opentelemetry/sdk-trace"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import OpenAI from "openai"
import * as ProviderServer from "../../providers/ProviderServer.ts"
import * as RequestChannels from "../../src/adapters/undici/RequestChannels.ts"
import * as RunningLayers from "../../src/engine/context/RunningLayers.ts"
import * as Clients from "../../src/layers/Clients.ts"
import * as EffectAi from "../../src/layers/EffectAi.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Mastra from "../../src/layers/Mastra.ts"
import { LLMObsSpanProcessor } from "../../src/layers/OtelProcessor.ts"
import * as Testing from "../../src/layers/Testing.ts"

contexts.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())

type Call = Effect.Effect<void>

interface World {
  readonly server: ProviderServer.ProviderServer
  readonly provider: TracerProvider
}

/** A part that sees a call of a provider and can record it. */
interface Part {
  /** The name of its event. */
  readonly event: string
  /** Puts the part around a call. */
  readonly around: (world: World) => (call: Call) => Call
}

const own: Part = {
  event: "own",
  around: () => LLMObs.llm("own", { input: "Hi", model: "gpt-5" })
}

const effectAi: Part = {
  event: "LanguageModel.generateText",
  around: () => (call) =>
    LanguageModel.generateText({ prompt: "Hi" }).pipe(
      Effect.provideServiceEffect(
        LanguageModel.LanguageModel,
        LanguageModel.make({
          generateText: () => Effect.as(call, [{ type: "text", text: "You said: Hi" }]),
          streamText: () => Stream.empty
        })
      ),
      Effect.orDie,
      Effect.asVoid
    )
}

const effectAiStream: Part = {
  event: "LanguageModel.streamText",
  around: () => (call) =>
    Stream.runDrain(LanguageModel.streamText({ prompt: "Hi" })).pipe(
      Effect.provideServiceEffect(
        LanguageModel.LanguageModel,
        LanguageModel.make({
          generateText: () => Effect.succeed([]),
          streamText: () => Stream.unwrap(Effect.as(call, Stream.make({ type: "text-start", id: "1" } as const)))
        })
      ),
      Effect.orDie
    )
}

const otel: Part = {
  event: "chat gpt-5",
  around: ({ provider }) => (call) =>
    Effect.flatMap(
      Effect.context<never>(),
      (context) =>
        Effect.promise(() =>
          provider.getTracer("instrumentation").startActiveSpan("chat gpt-5", {
            attributes: { "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai" }
          }, async (span) => {
            await Effect.runPromiseWith(context)(call)
            span.end()
          })
        )
    )
}

const mastra: Part = {
  event: "inference: 0",
  around: () => (call) =>
    Effect.promise(async () => {
      const { integration } = Mastra
      const inside = () => Effect.runPromiseWith(RunningLayers.ofCaller()!.current().context)(call)
      const types = ["agent_run", "model_generation", "model_step", "model_inference"]
      const name = "inference: 0"
      const spans = types.map((type, depth) => ({ id: type, parentSpanId: types[depth - 1], type, name }))
      for (const exportedSpan of spans) integration.onTracingEvent({ type: "span_started", exportedSpan })
      await integration.executeInContextSync("model_step", inside)
      for (const exportedSpan of spans.reverse()) integration.onTracingEvent({ type: "span_ended", exportedSpan })
    })
}

const client = (wrap: (client: OpenAI) => OpenAI): Part => ({
  event: "OpenAI.createChatCompletion",
  around: ({ server }) => {
    const openai = wrap(new OpenAI({ apiKey: "k", baseURL: server.openai }))
    return () =>
      Effect.asVoid(
        Effect.promise(() =>
          openai.chat.completions.create({ model: "gpt-5", messages: [{ role: "user", content: "Hi" }] })
        )
      )
  }
})

const wrapped = client(Clients.wrap)
const bare = client((client) => client)

/** Parts that meet in one call, the outermost first, and the reason why one of them has the event. */
const table: ReadonlyArray<readonly [name: string, parts: ReadonlyArray<Part>, event: Part, reason: string]> = [
  ["the layer", [bare], bare, "nothing else sees the call"],
  ["a wrapped client, the layer", [wrapped], wrapped, "the client claims its request before undici makes it"],
  ["a span of the program, a wrapped client", [own, wrapped], own, "the program describes the call itself"],
  ["a span of the program, the layer", [own, bare], own, "the program describes the call itself"],
  ["effect/ai, a wrapped client", [effectAi, wrapped], effectAi, "effect/ai claims its calls, and knows the tools"],
  ["effect/ai, the layer", [effectAi, bare], effectAi, "effect/ai claims its calls, and knows the tools"],
  [
    "effect/ai in a stream, a wrapped client",
    [effectAiStream, wrapped],
    effectAiStream,
    "its fiber waits for the call"
  ],
  ["effect/ai in a stream, the layer", [effectAiStream, bare], effectAiStream, "its fiber waits for the call"],
  ["a span of the program, effect/ai, a wrapped client", [own, effectAi, wrapped], own, "the outermost one counts"],
  ["Mastra, a wrapped client", [mastra, wrapped], mastra, "the bridge runs the model inside its span, which claims it"],
  ["Mastra, the layer", [mastra, bare], mastra, "the bridge runs the model inside its span, which claims it"],
  ["a span of the program, Mastra, a wrapped client", [own, mastra, wrapped], own, "the outermost one counts"],
  ["OpenTelemetry, a wrapped client", [otel, wrapped], otel, "the span was there first"],
  ["OpenTelemetry, the layer", [otel, bare], otel, "the span was there first"],
  ["effect/ai, OpenTelemetry, a wrapped client", [effectAi, otel, wrapped], effectAi, "the outermost one counts"],
  ["OpenTelemetry, effect/ai, a wrapped client", [otel, effectAi, wrapped], otel, "the outermost one counts"]
]

const recorded = async (parts: ReadonlyArray<Part>): Promise<ReadonlyArray<string>> => {
  const layer = Layer.merge(EffectAi.layer, Clients.layer).pipe(Layer.provideMerge(Testing.layer()))
  const processor = new LLMObsSpanProcessor({ layer })
  const provider = new TracerProvider({ spanProcessors: [processor] })
  const server = await ProviderServer.start()
  const call = parts.reduceRight<Call>((call, { around }) => around({ server, provider })(call), Effect.void)
  await processor.run(call.pipe(LLMObs.workflow("support")))
  await processor.forceFlush()
  assert.strictEqual(server.requests.length, 1)
  const spans = await processor.run(Testing.events({ kind: "llm" }))
  await processor.shutdown()
  await server.close()
  return spans.map(({ name }) => name)
}

describe("parts that meet in one call of a provider", () => {
  for (const [name, parts, event, reason] of table) {
    it(`record it once, because ${reason}: ${name}`, async (ctx) => {
      if (parts.includes(bare) && !RequestChannels.mayHaveBodies()) ctx.skip("Node publishes no bodies before 24.4")
      assert.deepStrictEqual(await recorded(parts), [event.event])
    })
  }
})
