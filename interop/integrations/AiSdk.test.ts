import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ProviderServer from "../../providers/ProviderServer.ts"
import { metrics as counted } from "../../providers/Wire.ts"
import * as AiSdk from "../../src/layers/AiSdk.ts"
import * as Clients from "../../src/layers/Clients.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Testing from "../../src/layers/Testing.ts"
import { isInstalled, missing } from "./Installed.ts"

/** The functions of the SDK that are called here, in any release. */
interface Sdk {
  readonly generateText: (options: object) => Promise<{ readonly text: string }>
  readonly streamText: (options: object) => { readonly textStream: AsyncIterable<string> }
  readonly generateObject: (options: object) => Promise<unknown>
  readonly embed: (options: object) => Promise<unknown>
  readonly embedMany: (options: object) => Promise<unknown>
  readonly tool: (options: object) => object
  readonly jsonSchema: (schema: object) => object
  readonly stepCountIs: (count: number) => object
  readonly isStepCount: (count: number) => object
}

interface Provider {
  (model: string): object
  readonly embedding: (model: string) => object
}

type Program = (sdk: Sdk, provider: Provider, run: <A>(effect: Effect.Effect<A>) => Promise<A>) => Promise<unknown>

AiSdk.register()

const schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] }

/** Runs plain code inside an agent's span, under the layer for every client too. Gives the spans and the requests. */
const recorded = (name: string, program: Program) =>
  Effect.gen(function*() {
    const server = yield* Effect.acquireRelease(
      Effect.promise(() => ProviderServer.start()),
      (server) => Effect.promise(server.close)
    )
    const run = Effect.runPromiseWith(yield* Effect.context<never>())
    yield* Effect.promise(async () => {
      const [sdk, { createOpenAI }] = await Promise.all([import(name), import("@ai-sdk/openai")]) as [Sdk, {
        readonly createOpenAI: (options: object) => Provider
      }]
      await program(sdk, createOpenAI({ apiKey: "k", baseURL: server.openai }), run)
    }).pipe(LLMObs.agent("support"))
    yield* Effect.void.pipe(LLMObs.task("after"))
    return { spans: yield* Testing.events(), requests: server.requests.length }
  }).pipe(Effect.scoped, Effect.provide(Clients.layer.pipe(Layer.provideMerge(Testing.layer()))))

const read = async (stream: AsyncIterable<unknown>, leaves = false) => {
  for await (const _ of stream) if (leaves) break
}

for (const [name, version] of [["ai-lowest", "7.0.0"], ["ai", "7.0.173"]] as const) {
  describe(`ai ${version}`, () => {
    const test = (title: string, body: Effect.Effect<void>) =>
      it.live(title, (ctx) => {
        if (!isInstalled(name)) ctx.skip(missing(name))
        return body
      })

    test(
      "records text with tools, streams and embeddings, one event for each call of the provider",
      Effect.gen(function*() {
        const { requests, spans } = yield* recorded(name, async (sdk, openai, run) => {
          const weather = sdk.tool({
            description: "The weather",
            inputSchema: sdk.jsonSchema(schema),
            execute: async ({ city }: { readonly city: string }) => {
              await run(Effect.void.pipe(LLMObs.retrieval("station")))
              return { degrees: city.length }
            }
          })
          await sdk.generateText({
            model: openai("gpt-5"),
            prompt: "Weather?",
            tools: { weather },
            stopWhen: (sdk.isStepCount ?? sdk.stepCountIs)(3),
            runtimeContext: { sessionId: "s-1", userId: "u-1" },
            telemetry: { functionId: "ask", includeRuntimeContext: { sessionId: true, userId: true } }
          })
          await read(sdk.streamText({ model: openai("gpt-5"), prompt: "Hi" }).textStream)
          await sdk.embed({ model: openai.embedding("text-embedding-3-small"), value: "one" })
          await sdk.embedMany({ model: openai.embedding("text-embedding-3-small"), values: ["one", "two"] })
          await sdk.generateObject({ model: openai("gpt-5"), prompt: "Hi", schema: sdk.jsonSchema(schema) })
            .catch(() => undefined)
        })
        const byId = new Map(spans.map((span) => [span.spanId, span.name]))
        assert.deepStrictEqual(spans.map(({ kind, name, parentId }) => [kind, name, byId.get(parentId ?? "")]), [
          ["agent", "support", undefined],
          ["workflow", "ask.generateText", "support"],
          ["llm", "ask.languageModelCall", "ask.generateText"],
          ["tool", "ask.weather", "ask.generateText"],
          ["retrieval", "station", "ask.weather"],
          ["llm", "ask.languageModelCall", "ask.generateText"],
          ["workflow", "streamText", "support"],
          ["llm", "languageModelCall", "streamText"],
          ["embedding", "embed", "support"],
          ["embedding", "embedMany", "support"],
          ["workflow", "generateObject", "support"],
          ["llm", "languageModelCall", "generateObject"],
          ["task", "after", undefined]
        ])
        const calls = spans.filter(({ kind }) => kind === "llm")
        assert.strictEqual(calls.length + 2, requests)
        for (const call of calls) {
          assert.deepInclude(call.metrics, counted)
          assert.deepInclude(call, { status: "ok", provider: "openai" })
        }
        for (const { kind, metrics } of spans) if (kind === "workflow") assert.deepStrictEqual(metrics, {})
        const [first, , streamed] = calls
        assert.deepInclude(
          (first!.output.messages!.at(-1)!["tool_calls"] as ReadonlyArray<{}>)[0],
          { name: "weather", arguments: { city: "Oslo" } }
        )
        assert.deepStrictEqual(first!.toolDefinitions?.length, 1)
        assert.isAbove(streamed!.metrics["time_to_first_token"]!, 0)
        assert.deepStrictEqual([spans[1]?.sessionId, spans[1]?.userId], ["s-1", "u-1"])
        assert.deepStrictEqual([spans[1]?.input.value, spans[1]?.output.value], ["Weather?", "You said: Weather?"])
        assert.deepStrictEqual(
          spans.filter(({ kind }) => kind === "embedding").map(({ metrics, output }) => [
            output.value,
            metrics["input_tokens"]
          ]),
          [["[1 embedding(s) returned with size 3]", 7], ["[2 embedding(s) returned with size 3]", 7]]
        )
      })
    )

    test(
      "records failures, leaves out what a call asks for, and lets the client record calls without telemetry",
      Effect.gen(function*() {
        const { spans } = yield* recorded(name, async (sdk, openai) => {
          const model = openai("gpt-5")
          await sdk.generateText({ model, prompt: "[status 500] Hi", maxRetries: 0 }).catch(() => undefined)
          await sdk.generateText({ model, prompt: "secret", telemetry: { recordInputs: false, recordOutputs: false } })
          const { text } = await sdk.generateText({ model, prompt: "Hi", telemetry: { isEnabled: false } })
          assert.strictEqual(text, "You said: Hi")
        })
        assert.deepStrictEqual(spans.map(({ kind, name, status }) => [kind, name, status]), [
          ["agent", "support", "ok"],
          ["workflow", "generateText", "error"],
          ["llm", "languageModelCall", "error"],
          ["workflow", "generateText", "ok"],
          ["llm", "languageModelCall", "ok"],
          ["llm", "OpenAI.createResponse", "ok"],
          ["task", "after", "ok"]
        ])
        assert.include(spans[1]?.error?.message, "The local server failed, as asked.")
        assert.notInclude(JSON.stringify(spans), "secret")
      })
    )
  })
}
