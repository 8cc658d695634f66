import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import OpenAI from "openai"
import * as ProviderServer from "../../providers/ProviderServer.ts"
import { tokens } from "../../providers/Wire.ts"
import * as AiSdk from "../../src/layers/AiSdk.ts"
import * as Clients from "../../src/layers/Clients.ts"
import * as LangChain from "../../src/layers/LangChain.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Mcp from "../../src/layers/Mcp.ts"
import * as OpenAiAgents from "../../src/layers/OpenAiAgents.ts"
import * as Testing from "../../src/layers/Testing.ts"
import { isInstalled, missing } from "./Installed.ts"

/** The client below a framework: wrapped, or as it is, for the layer alone to see. */
type Client = "wrapped" | "bare"

/** A tool that a framework calls. */
type Tool = (city: string) => Promise<string>

/** A framework, which asks a model, which calls a tool. */
interface Framework {
  readonly packages: ReadonlyArray<string>
  /** The names of its events for the model, the one that has the token counts of a call. */
  readonly event: string
  readonly reason: string
  readonly ask: (baseURL: string, client: Client, tool: Tool) => Promise<unknown>
}

type Made<A> = new(...args: ReadonlyArray<unknown>) => A

// The packages are loaded by name, and may be absent.
const load = async <A>(...names: ReadonlyArray<string>): Promise<A> =>
  Object.assign({}, ...await Promise.all(names.map((name) => import(/* @vite-ignore */ name)))) as A

const parameters = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: true
}

const fetchOf = (client: Client): typeof globalThis.fetch =>
  client === "wrapped" ? Clients.observedFetch() : globalThis.fetch

const aiSdk: Framework = {
  packages: ["ai", "@ai-sdk/openai"],
  event: "languageModelCall",
  reason: "the call runs inside the span of the SDK's integration, which claims it",
  ask: async (baseURL, client, run) => {
    const sdk = await load<{
      readonly generateText: (options: object) => Promise<unknown>
      readonly isStepCount: (count: number) => object
      readonly jsonSchema: (schema: object) => object
      readonly tool: (options: object) => object
      readonly createOpenAI: (options: object) => (model: string) => object
    }>("ai", "@ai-sdk/openai")
    AiSdk.register()
    const weather = sdk.tool({
      inputSchema: sdk.jsonSchema(parameters),
      execute: ({ city }: { readonly city: string }) => run(city)
    })
    const openai = sdk.createOpenAI({ apiKey: "k", baseURL, fetch: fetchOf(client) })
    await sdk.generateText({
      model: openai("gpt-5"),
      prompt: "Weather?",
      tools: { weather },
      stopWhen: sdk.isStepCount(3)
    })
  }
}

interface ChatModel {
  readonly bindTools: (tools: ReadonlyArray<unknown>) => {
    readonly invoke: (input: unknown) => Promise<{ readonly tool_calls: ReadonlyArray<unknown> }>
  }
}

const langChain: Framework = {
  packages: ["@langchain/core/context", "@langchain/core/tools", "@langchain/openai"],
  event: "ChatOpenAI",
  reason: "its handler enters the span of the call, which claims it",
  ask: async (baseURL, client, run) => {
    const { ChatOpenAI, registerConfigureHook, tool } = await load<{
      readonly ChatOpenAI: Made<ChatModel>
      readonly registerConfigureHook: (hook: never) => void
      readonly tool: (run: (input: { readonly city: string }) => Promise<string>, options: object) => {
        readonly invoke: (call: unknown) => Promise<unknown>
      }
    }>("@langchain/core/context", "@langchain/core/tools", "@langchain/openai")
    LangChain.register(registerConfigureHook)
    const weather = tool(({ city }) => run(city), { name: "weather", description: "The weather", schema: parameters })
    const options = { model: "gpt-5", apiKey: "k", maxRetries: 0, configuration: { baseURL, fetch: fetchOf(client) } }
    const model = new ChatOpenAI(options).bindTools([weather])
    const { tool_calls: [call] } = await model.invoke("Weather?")
    const answer = await weather.invoke(call)
    await model.invoke([
      { role: "user", content: "Weather?" },
      { role: "assistant", content: "", tool_calls: [call] },
      answer
    ])
  }
}

const agents: Framework = {
  packages: ["@openai/agents"],
  event: "clerk (LLM)",
  reason: "its current span, asked of it, claims the call",
  ask: async (baseURL, client, run) => {
    const framework = await load<
      OpenAiAgents.Agents & {
        readonly Agent: Made<object>
        readonly Runner: Made<{ readonly run: (agent: object, input: string) => Promise<unknown> }>
        readonly OpenAIProvider: Made<object>
        readonly tool: (options: object) => object
        readonly setTracingDisabled: (disabled: boolean) => void
      }
    >("@openai/agents")
    // The framework records nothing under NODE_ENV=test.
    framework.setTracingDisabled(false)
    OpenAiAgents.register(framework)
    const openai = new OpenAI({ apiKey: "k", baseURL, maxRetries: 0 })
    const openAIClient = client === "wrapped" ? Clients.wrap(openai) : openai
    const weather = framework.tool({
      name: "weather",
      description: "The weather",
      strict: false,
      parameters,
      execute: ({ city }: { readonly city: string }) => run(city)
    })
    await new framework.Runner({ modelProvider: new framework.OpenAIProvider({ openAIClient }) })
      .run(new framework.Agent({ name: "clerk", tools: [weather], model: "gpt-5" }), "Weather?")
  }
}

/** A tool of a server of the Model Context Protocol, called over a recorded transport. */
const mcpTool: Tool = async (city) => {
  const sdk = "@modelcontextprotocol/sdk"
  const { Client, InMemoryTransport, McpServer, z } = await load<{
    readonly Client: Made<{
      readonly connect: (transport: object) => Promise<void>
      readonly callTool: (call: object) => Promise<{ readonly content: ReadonlyArray<{ readonly text: string }> }>
      readonly close: () => Promise<void>
    }>
    readonly McpServer: Made<{
      readonly connect: (transport: object) => Promise<void>
      readonly registerTool: (name: string, config: object, run: (input: { readonly city: string }) => object) => void
    }>
    readonly InMemoryTransport: { readonly createLinkedPair: () => readonly [object, object] }
    readonly z: { readonly string: () => object }
  }>(`${sdk}/client/index.js`, `${sdk}/server/mcp.js`, `${sdk}/inMemory.js`, "zod")
  const server = new McpServer({ name: "weather", version: "1.0.0" })
  server.registerTool("station", { inputSchema: { city: z.string() } }, ({ city }) => ({
    content: [{ type: "text", text: `It rains in ${city}.` }]
  }))
  const [own, other] = InMemoryTransport.createLinkedPair()
  const client = new Client({ name: "shop", version: "1.0.0" })
  await Promise.all([server.connect(other), client.connect(Mcp.wrap(own))])
  const { content } = await client.callTool({ name: "station", arguments: { city } })
  await client.close()
  return content[0]!.text
}

const recorded = (
  framework: Framework,
  client: Client,
  tool: Tool,
  around: (call: Effect.Effect<void>) => Effect.Effect<void>
) =>
  Effect.gen(function*() {
    const server = yield* Effect.acquireRelease(
      Effect.promise(() => ProviderServer.start()),
      (server) => Effect.promise(server.close)
    )
    yield* around(Effect.promise(() => framework.ask(server.openai, client, tool).then(() => {})))
    assert.strictEqual(server.requests.length, 2)
    yield* Testing.expectNothingLost
    return yield* Testing.events()
  }).pipe(Effect.scoped, Effect.provide(Clients.layer.pipe(Layer.provideMerge(Testing.layer()))))

const named = (spans: ReadonlyArray<Testing.ObservedSpan>, kind: string): ReadonlyArray<string> =>
  spans.filter((span) => span.kind === kind).map(({ name }) => name)

const rain: Tool = (city) => Promise.resolve(`It rains in ${city}.`)

for (
  const [title, framework] of Object.entries({ "the AI SDK": aiSdk, LangChain: langChain, "OpenAI Agents": agents })
) {
  describe(`${title} around a call of a provider`, () => {
    const test = (name: string, body: Effect.Effect<void, Testing.ExpectationError>) =>
      it.live(name, (ctx) => {
        const absent = framework.packages.find((name) => !isInstalled(name))
        if (absent !== undefined) ctx.skip(missing(absent))
        return body
      })

    for (const client of ["wrapped", "bare"] as const) {
      const below = client === "wrapped" ? "a wrapped client" : "the layer for every client"
      test(
        `has its one event, and the token counts alone, over ${below}, because ${framework.reason}`,
        Effect.gen(function*() {
          const spans = yield* recorded(framework, client, rain, LLMObs.workflow("support"))
          assert.deepStrictEqual(named(spans, "llm"), [framework.event, framework.event])
          for (const { kind, metrics } of spans) {
            assert.strictEqual(metrics["input_tokens"], kind === "llm" ? tokens.input : undefined)
          }
        })
      )

      test(
        `leaves the event to a span of the program around it, over ${below}, because the program describes the call itself`,
        Effect.gen(function*() {
          const spans = yield* recorded(framework, client, rain, LLMObs.llm("own", { input: "Weather?" }))
          assert.deepStrictEqual(named(spans, "llm"), ["own"])
        })
      )
    }

    test(
      "has the span of a tool around that of the request to a server of the Model Context Protocol",
      Effect.gen(function*() {
        if (!isInstalled("@modelcontextprotocol/sdk/client/index.js")) return
        const spans = yield* recorded(framework, "wrapped", mcpTool, LLMObs.workflow("support"))
        assert.deepStrictEqual(named(spans, "tool"), ["weather", "MCP Client Tool Call: station"])
        const [outer, inner] = spans.filter(({ kind }) => kind === "tool")
        assert.strictEqual(inner?.parentId, outer?.spanId)
      })
    )
  })
}
