import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { createRequire } from "node:module"
import * as ProviderServer from "../../providers/ProviderServer.ts"
import { metrics as counted } from "../../providers/Wire.ts"
import * as Clients from "../../src/layers/Clients.ts"
import * as LangChain from "../../src/layers/LangChain.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Testing from "../../src/layers/Testing.ts"
import { isInstalled, missing } from "./Installed.ts"

const names = ["@langchain/core", "@langchain/openai", "@langchain/langgraph"]

interface Runnable {
  readonly invoke: (input: unknown, options?: object) => Promise<unknown>
  readonly stream: (input: unknown) => Promise<AsyncIterable<unknown>>
  readonly pipe: (next: Runnable) => Runnable
  readonly bindTools: (tools: ReadonlyArray<unknown>) => Runnable
}

interface State {
  readonly messages: ReadonlyArray<{ readonly tool_calls?: ReadonlyArray<unknown> }>
}

interface Graph {
  readonly addNode: (name: string, node: unknown) => Graph
  readonly addEdge: (from: string, to: string) => Graph
  readonly addConditionalEdges: (from: string, next: (state: State) => string) => Graph
  readonly compile: (options: object) => Runnable
}

type Made<A> = new(...args: ReadonlyArray<unknown>) => A

/** The parts of the packages that are used here. */
interface Parts {
  readonly registerConfigureHook: (hook: never) => void
  readonly HumanMessage: Made<object>
  readonly tool: (run: (input: { readonly city: string }) => Promise<object>, options: object) => object
  readonly ChatPromptTemplate: { readonly fromTemplate: (text: string) => Runnable }
  readonly StringOutputParser: Made<Runnable>
  readonly ChatOpenAI: Made<Runnable>
  readonly MemorySaver: Made<object>
  readonly MessagesAnnotation: object
  readonly StateGraph: Made<Graph>
  readonly ToolNode: Made<object>
  readonly z: { readonly object: (shape: object) => object; readonly string: () => object }
}

interface Release {
  readonly title: string
  /** The folder of the packages, if it is another one than this. */
  readonly from: URL | undefined
  /** The edges that this release tells as runs of their own. */
  readonly branches: number
  /** Loads a package, which may be absent. */
  readonly load: (name: string) => Promise<object>
}

const lowest = new URL("../langchain/package.json", import.meta.url)

const releases: ReadonlyArray<Release> = [
  {
    title: "@langchain/core 1.4.0, @langchain/langgraph 1.7.3",
    from: undefined,
    branches: 0,
    load: (name) => import(/* @vite-ignore */ name)
  },
  {
    title: "@langchain/core 1.0.1, @langchain/langgraph 1.0.0",
    from: lowest,
    branches: 2,
    load: async (name) => createRequire(lowest)(name)
  }
]

const suite = ({ branches, from, load: loadOne, title }: Release): void => {
  const load = async (...names: ReadonlyArray<string>): Promise<Parts> =>
    Object.assign({}, ...await Promise.all(names.map(loadOne))) as Parts

  const recorded = (
    program: (origin: string, run: <A>(effect: Effect.Effect<A>) => Promise<A>) => Promise<unknown>
  ) =>
    Effect.gen(function*() {
      const server = yield* Effect.acquireRelease(
        Effect.promise(() => ProviderServer.start()),
        (server) => Effect.promise(server.close)
      )
      const run = Effect.runPromiseWith(yield* Effect.context<never>())
      yield* Effect.promise(async () => {
        const { registerConfigureHook } = await load("@langchain/core/context")
        // Each test has an asynchronous context of its own.
        LangChain.register(registerConfigureHook)
        LangChain.register(registerConfigureHook)
        await program(server.openai, run)
        await run(Effect.void.pipe(LLMObs.task("after")))
      }).pipe(LLMObs.agent("support"))
      return { spans: yield* Testing.events(), requests: server.requests.length }
    }).pipe(Effect.scoped, Effect.provide(Clients.layer.pipe(Layer.provideMerge(Testing.layer()))))

  const model = async (baseURL: string) => {
    const { ChatOpenAI } = await load("@langchain/openai")
    return new ChatOpenAI({ model: "gpt-5", apiKey: "k", maxRetries: 0, temperature: 0.5, configuration: { baseURL } })
  }

  const test = (title: string, body: Effect.Effect<void>) =>
    it.live(title, (ctx) => {
      const absent = names.find((name) => !isInstalled(name, from))
      if (absent !== undefined) ctx.skip(missing(absent, from === undefined ? undefined : "interop/langchain"))
      return body
    })

  describe(title, () => {
    test(
      "record a graph with its models and tools, one event for each call of the provider",
      Effect.gen(function*() {
        const { requests, spans: all } = yield* recorded(async (origin) => {
          const { HumanMessage, MemorySaver, MessagesAnnotation, StateGraph, ToolNode, tool, z } = await load(
            "@langchain/core/messages",
            "@langchain/core/tools",
            "@langchain/langgraph",
            "@langchain/langgraph/prebuilt",
            "zod"
          )
          const weather = tool(async ({ city }) => ({ degrees: city.length }), {
            name: "weather",
            description: "The weather",
            schema: z.object({ city: z.string() })
          })
          const llm = (await model(origin)).bindTools([weather])
          const graph = new StateGraph(MessagesAnnotation)
            .addNode("model", async (state: State) => ({ messages: [await llm.invoke(state.messages)] }))
            .addNode("tools", new ToolNode([weather]))
            .addEdge("__start__", "model")
            .addConditionalEdges(
              "model",
              (state) => (state.messages.at(-1)?.tool_calls ?? []).length > 0 ? "tools" : "__end__"
            )
            .addEdge("tools", "model")
            .compile({ checkpointer: new MemorySaver() })
          await graph.invoke({ messages: [new HumanMessage("Weather?")] }, { configurable: { thread_id: "t-1" } })
        })
        const spans = all.filter(({ name }) => !name.startsWith("Branch<"))
        assert.strictEqual(all.length - spans.length, branches)
        const byId = new Map(spans.map((span) => [span.spanId, span.name]))
        assert.deepStrictEqual(
          spans.map(({ kind, name, parentId, tags }) => [kind, name, byId.get(parentId ?? ""), tags["integration"]]),
          [
            ["agent", "support", undefined, undefined],
            ["workflow", "LangGraph", "support", "langgraph"],
            ["task", "model", "LangGraph", "langgraph"],
            ["llm", "ChatOpenAI", "model", "langchain"],
            ["task", "tools", "LangGraph", "langgraph"],
            ["tool", "weather", "tools", "langchain"],
            ["task", "model", "LangGraph", "langgraph"],
            ["llm", "ChatOpenAI", "model", "langchain"],
            ["task", "after", "support", undefined]
          ]
        )
        const calls = spans.filter(({ kind }) => kind === "llm")
        assert.strictEqual(calls.length, requests)
        for (const call of calls) {
          assert.deepInclude(call.metrics, counted)
          assert.deepInclude(call, { model: "gpt-5-2026-01-01", provider: "openai", sessionId: "t-1" })
          assert.strictEqual(call.metadata["temperature"], 0.5)
          assert.strictEqual(call.toolDefinitions?.length, 1)
        }
        assert.deepStrictEqual(JSON.parse(String(spans[5]?.output.value)), { degrees: 4 })
      })
    )

    test(
      "record chains, streams, failures, and streams that are left early",
      Effect.gen(function*() {
        const { spans } = yield* recorded(async (origin) => {
          const { ChatPromptTemplate, StringOutputParser } = await load(
            "@langchain/core/prompts",
            "@langchain/core/output_parsers"
          )
          const llm = await model(origin)
          const chain = ChatPromptTemplate.fromTemplate("Hi {name}").pipe(llm).pipe(new StringOutputParser())
          await chain.invoke({ name: "Ann" }, { metadata: { session_id: "s-1", user_id: "u-1" } })
          for await (const _ of await llm.stream("Hi")) { /* to its end */ }
          await Promise.all([llm.invoke("a"), llm.invoke("b")])
          await llm.invoke("[status 500] Hi").catch(() => undefined)
          for await (const _ of await llm.stream("[slow 5] Hello there")) break
        })
        const calls = spans.filter(({ kind }) => kind === "llm")
        assert.deepStrictEqual(
          calls.map(({ output, status }) => [status, Testing.texts(output).join("")]),
          [
            ["ok", "You said: Hi Ann"],
            ["ok", "You said: Hi"],
            ["ok", "You said: a"],
            ["ok", "You said: b"],
            ["error", ""]
          ]
        )
        assert.isAbove(calls[1]!.metrics["time_to_first_token"]!, 0)
        const [chain] = spans.filter(({ kind }) => kind === "workflow")
        assert.deepInclude(chain, { name: "RunnableSequence", sessionId: "s-1", userId: "u-1" })
        assert.deepStrictEqual([chain?.input.value, chain?.output.value], ["{\"name\":\"Ann\"}", "You said: Hi Ann"])
        // The stream that was left early is open until it is quiet, and holds nothing else back.
        assert.strictEqual(spans.find(({ name }) => name === "after")?.parentId, spans[0]?.spanId)
      })
    )
  })
}

for (const release of releases) suite(release)
