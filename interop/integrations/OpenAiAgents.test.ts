import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import OpenAI from "openai"
import * as ProviderServer from "../../providers/ProviderServer.ts"
import { tokens } from "../../providers/Wire.ts"
import * as Clients from "../../src/layers/Clients.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as OpenAiAgents from "../../src/layers/OpenAiAgents.ts"
import * as Testing from "../../src/layers/Testing.ts"
import { isInstalled, missing } from "./Installed.ts"

type Made<A> = new(options: object) => A

/** The parts of the framework that are used here, in any release. */
interface Agents extends OpenAiAgents.Agents {
  readonly Agent: Made<object>
  readonly Runner: Made<{
    readonly run: (agent: object, input: string, options?: object) => Promise<{
      readonly finalOutput: unknown
      readonly completed: Promise<void>
      readonly toStream: () => AsyncIterable<unknown>
    }>
  }>
  readonly OpenAIProvider: Made<object>
  readonly tool: (options: object) => object
  readonly setTracingDisabled: (disabled: boolean) => void
  readonly withTrace: (name: string, run: () => Promise<unknown>) => Promise<unknown>
}

interface World {
  readonly agents: Agents
  readonly runner: (options?: object, wrap?: (client: OpenAI) => OpenAI) => InstanceType<Agents["Runner"]>
  readonly client: OpenAI
  readonly run: <A>(effect: Effect.Effect<A>) => Promise<A>
}

/** Runs plain code inside a workflow, under the layer for every client too. Gives the spans and the requests. */
const recorded = (name: string, program: (world: World) => Promise<unknown>) =>
  Effect.gen(function*() {
    const server = yield* Effect.acquireRelease(
      Effect.promise(() => ProviderServer.start()),
      (server) => Effect.promise(server.close)
    )
    const context = yield* Effect.context<never>()
    yield* Effect.promise(async () => {
      const agents = await import(name) as Agents
      // The framework records nothing under NODE_ENV=test.
      agents.setTracingDisabled(false)
      OpenAiAgents.register(agents)
      OpenAiAgents.register(agents)
      const client = new OpenAI({ apiKey: "k", baseURL: server.openai, maxRetries: 0 })
      await program({
        agents,
        client,
        run: Effect.runPromiseWith(context),
        runner: (options, wrap = (client) => client) =>
          new agents.Runner({
            modelProvider: new agents.OpenAIProvider({ openAIClient: wrap(client), ...options }),
            workflowName: "shop",
            groupId: "s-1"
          })
      })
    }).pipe(LLMObs.workflow("support"))
    yield* Effect.void.pipe(LLMObs.task("after"))
    return { spans: yield* Testing.events(), requests: server.requests.length }
  }).pipe(Effect.scoped, Effect.provide(Clients.layer.pipe(Layer.provideMerge(Testing.layer()))))

const tree = (
  spans: ReadonlyArray<{
    readonly kind: string
    readonly name: string
    readonly spanId: string
    readonly parentId?: string | undefined
    readonly status: string
  }>
) => {
  const names = new Map(spans.map(({ name, spanId }) => [spanId, name]))
  return spans.map(({ kind, name, parentId, status }) => [kind, name, names.get(parentId ?? ""), status])
}

const weather = (agents: Agents, execute: (input: { readonly city: string }) => Promise<string>) =>
  agents.tool({
    name: "weather",
    description: "The weather",
    strict: false,
    parameters: {
      type: "object",
      properties: { city: { type: "string" } },
      required: ["city"],
      additionalProperties: true
    },
    execute
  })

for (const [name, version] of [["@openai/agents", "0.20.0"], ["agents-lowest", "0.3.0"]] as const) {
  describe(`OpenAiAgents.register, @openai/agents ${version}`, () => {
    for (const [title, wrap] of [["a wrapped client", Clients.wrap], ["the layer", undefined]] as const) {
      for (const useResponses of [true, false]) {
        it.live(`records a run once over ${title}, by ${useResponses ? "Responses" : "Chat"}`, (ctx) => {
          if (!isInstalled(name)) ctx.skip(missing(name))
          return Effect.gen(function*() {
            const { requests, spans } = yield* recorded(name, async ({ agents, client, run, runner }) => {
              const tool = weather(agents, async () => {
                await run(Effect.void.pipe(LLMObs.task("outer")))
                const own = wrap?.(client) ?? client
                await own.embeddings.create({ model: "text-embedding-3-small", input: "Oslo" })
                return "rain"
              })
              const agent = new agents.Agent({
                name: "clerk",
                instructions: "Be brief.",
                tools: [tool],
                model: "gpt-5"
              })
              await runner({ useResponses }, wrap).run(agent, "Weather in Oslo?")
            })
            assert.deepStrictEqual(tree(spans), [
              ["workflow", "support", undefined, "ok"],
              ["workflow", "shop", "support", "ok"],
              ["agent", "clerk", "shop", "ok"],
              ["llm", "clerk (LLM)", "clerk", "ok"],
              ["tool", "weather", "clerk", "ok"],
              ["task", "outer", "weather", "ok"],
              ["embedding", "OpenAI.createEmbedding", "weather", "ok"],
              ["llm", "clerk (LLM)", "clerk", "ok"],
              ["task", "after", undefined, "ok"]
            ])
            assert.strictEqual(requests, 3)
            for (const call of spans.filter(({ kind }) => kind === "llm")) {
              assert.deepInclude(call.metrics, { input_tokens: tokens.input, output_tokens: tokens.output })
              assert.match(call.model ?? "", /^gpt-5/)
              assert.deepInclude(call, { provider: "openai", sessionId: "s-1" })
              assert.strictEqual(call.tags["integration"], "openai-agents")
            }
            assert.deepInclude(spans[1], { input: { value: "Weather in Oslo?" }, sessionId: "s-1" })
            assert.strictEqual(spans[1]?.output.value, "You said: Weather in Oslo?")
            assert.deepStrictEqual([spans[4]?.input.value, spans[4]?.output.value], ["{\"city\":\"Oslo\"}", "rain"])
          })
        })
      }
    }

    it.live("records streams, failures, and what a program puts around", (ctx) => {
      if (!isInstalled(name)) ctx.skip(missing(name))
      return Effect.gen(function*() {
        const { requests, spans } = yield* recorded(name, async ({ agents, runner }) => {
          const agent = new agents.Agent({ name: "clerk", model: "gpt-5" })
          const stream = await runner({}, Clients.wrap).run(agent, "Hi", { stream: true })
          for await (const _ of stream.toStream()) { /* to its end */ }
          await stream.completed
          await runner().run(agent, "[status 500] Hi").catch(() => undefined)
          await agents.withTrace("two", () => Promise.all([runner().run(agent, "a"), runner().run(agent, "b")]))
        })
        assert.strictEqual(requests, 4)
        assert.deepStrictEqual(tree(spans), [
          ["workflow", "support", undefined, "ok"],
          ["workflow", "shop", "support", "ok"],
          ["agent", "clerk", "shop", "ok"],
          ["llm", "clerk (LLM)", "clerk", "ok"],
          ["workflow", "shop", "support", "error"],
          ["agent", "clerk", "shop", "error"],
          ["llm", "clerk (LLM)", "clerk", "error"],
          ["workflow", "two", "support", "ok"],
          ["agent", "clerk", "two", "ok"],
          ["agent", "clerk", "two", "ok"],
          ["llm", "clerk (LLM)", "clerk", "ok"],
          ["llm", "clerk (LLM)", "clerk", "ok"],
          ["task", "after", undefined, "ok"]
        ])
        assert.deepStrictEqual(Testing.texts(spans[3]!.output), ["You said: Hi"])
        assert.deepInclude(spans[6]?.error, { type: "AgentsCoreError" })
        assert.isTrue(spans.every(({ tags }) => tags["effect.span.unfinished"] === undefined))
      })
    })
  })
}
