/** Callbacks of LangChain as version 1 calls them; `interop` runs LangChain and LangGraph themselves. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as CallbackHandler from "../../src/adapters/langchain/CallbackHandler.ts"
import * as LangChainRuns from "../../src/adapters/langchain/LangChainRuns.ts"
import * as LangChain from "../../src/layers/LangChain.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Testing from "../../src/layers/Testing.ts"

const human = (content: string) => ({
  lc: 1,
  type: "constructor",
  id: ["langchain_core", "messages", "HumanMessage"],
  kwargs: { content }
})

const result = (content: string) => ({
  generations: [[{
    text: content,
    message: {
      lc: 1,
      type: "constructor",
      id: ["langchain_core", "messages", "AIMessage"],
      kwargs: {
        content,
        response_metadata: { finish_reason: "stop", model_name: "gpt-5-2026" },
        usage_metadata: {
          input_tokens: 100,
          output_tokens: 20,
          total_tokens: 120,
          input_token_details: { cache_read: 60 },
          output_token_details: { reasoning: 8 }
        }
      }
    }
  }]]
})

const ofClass = (...id: ReadonlyArray<string>) => ({ lc: 1, type: "not_implemented", id })

const metadata = { ls_provider: "openai", ls_model_name: "gpt-5", ls_temperature: 0.5 }

const extra = { invocation_params: { tools: [{ type: "function", function: { name: "track", parameters: {} } }] } }

/** Runs plain code inside an agent's span, and returns the delivered spans. */
const record = (
  program: (
    handler: LangChain.Handler,
    run: <A>(effect: Effect.Effect<A>) => Promise<A>
  ) => Promise<unknown> | void,
  quietMillis?: number
) =>
  Effect.gen(function*() {
    const run = Effect.runPromiseWith(yield* Effect.context<Testing.Testing>())
    const Handler = CallbackHandler.make(LangChainRuns.make(quietMillis))
    yield* Effect.promise(async () => program(new Handler(), run)).pipe(LLMObs.agent("support"))
    return yield* Testing.events()
  })

const test = Effect.provide(Testing.layer())

describe("LangChain", () => {
  it.live("records a graph with its nodes, models and tools, and leaves out the libraries' own steps", () =>
    Effect.gen(function*() {
      const spans = yield* record((handler) => {
        const node = { langgraph_node: "model", thread_id: "t-1" }
        const state = { messages: [human("Where is my parcel?")] }
        handler.handleChainStart(
          ofClass("langgraph", "CompiledStateGraph"),
          state,
          "g",
          undefined,
          [],
          {
            thread_id: "t-1"
          },
          "chain",
          "LangGraph"
        )
        handler.handleChainStart(ofClass("x"), state, "n", "g", [], node, "chain", "model")
        handler.handleChainStart(ofClass("x"), state, "hidden", "n", ["langsmith:hidden"], node, "chain", "write")
        handler.handleChatModelStart(
          ofClass("langchain", "ChatOpenAI"),
          [[human("Where is my parcel?")]],
          "m",
          "hidden",
          extra,
          [],
          { ...metadata, ...node }
        )
        handler.handleLLMEnd(result("In Oslo."), "m")
        handler.handleChainEnd({}, "hidden")
        handler.handleToolStart({}, "{\"parcel\":7}", "t", "n", [], node, "track", "call-1")
        handler.handleToolEnd({ lc_kwargs: {}, content: "Oslo" }, "t")
        handler.handleChainEnd({ messages: [human("In Oslo.")] }, "n")
        handler.handleChainEnd({ output: "In Oslo." }, "g")
      })
      const [agent, graph, node, model, tool] = spans
      assert.deepStrictEqual(
        spans.map((
          { kind, name, parentId, sessionId, tags }
        ) => [kind, name, parentId, sessionId, tags["integration"]]),
        [
          ["agent", "support", undefined, undefined, undefined],
          ["workflow", "LangGraph", agent?.spanId, "t-1", "langgraph"],
          ["task", "model", graph?.spanId, "t-1", "langgraph"],
          ["llm", "ChatOpenAI", node?.spanId, "t-1", "langchain"],
          ["tool", "track", node?.spanId, "t-1", "langchain"]
        ]
      )
      assert.deepStrictEqual([graph?.input.value, graph?.output.value], [
        "{\"messages\":[{\"role\":\"user\",\"content\":\"Where is my parcel?\"}]}",
        "In Oslo."
      ])
      assert.deepStrictEqual([model?.model, model?.provider, model?.metadata], ["gpt-5-2026", "openai", {
        temperature: 0.5,
        finish_reason: "stop"
      }])
      assert.deepStrictEqual([Testing.texts(model!.input), Testing.texts(model!.output)], [
        ["Where is my parcel?"],
        ["In Oslo."]
      ])
      assert.deepStrictEqual(model?.toolDefinitions, [{ name: "track", schema: {} }])
      assert.deepStrictEqual(model?.metrics, {
        input_tokens: 100,
        output_tokens: 20,
        total_tokens: 120,
        cache_read_input_tokens: 60,
        reasoning_output_tokens: 8
      })
      assert.deepStrictEqual([tool?.input.value, tool?.output.value], ["{\"parcel\":7}", "Oslo"])
    }).pipe(test))

  it.live("puts the call of a model inside its span, and the caller back into its own", () =>
    Effect.gen(function*() {
      const spans = yield* record(async (handler, run) => {
        const invoke = async (id: string) => {
          await Promise.resolve()
          handler.handleLLMStart(ofClass("OpenAI"), ["Hi"], id)
          await run(Effect.void.pipe(LLMObs.task(`in ${id}`)))
          handler.handleLLMEnd({ generations: [[{ text: "Hello" }]] }, id)
        }
        await Promise.all([invoke("a"), invoke("b")])
        await run(Effect.void.pipe(LLMObs.task("after")))
      })
      const parentOf = (name: string) => spans.find((span) => span.name === name)?.parentId
      const calls = spans.filter(({ kind }) => kind === "llm").map(({ spanId }) => spanId)
      assert.deepStrictEqual([parentOf("in a"), parentOf("in b")], calls)
      assert.strictEqual(parentOf("after"), spans[0]?.spanId)
    }).pipe(test))

  it.live("leaves the span of a tool that began in the caller's own function when the tool ends", () =>
    Effect.gen(function*() {
      const spans = yield* record(async (handler, run) => {
        const tool = async (id: string): Promise<void> => {
          handler.handleToolStart(ofClass("x"), "{}", id, undefined, [], {}, "track")
          await run(Effect.void.pipe(LLMObs.task(`in ${id}`)))
          handler.handleToolEnd("Oslo", id)
        }
        await tool("1")
        await tool("2")
        await run(Effect.void.pipe(LLMObs.task("after")))
      })
      const names = new Map(spans.map(({ name, spanId }) => [spanId, name]))
      assert.deepStrictEqual(spans.slice(1).map(({ name, parentId }) => [name, names.get(parentId ?? "")]), [
        ["track", "support"],
        ["in 1", "track"],
        ["track", "support"],
        ["in 2", "track"],
        ["after", "support"]
      ])
    }).pipe(test))

  it.live("records failures as errors, and pauses and aborts without one", () =>
    Effect.gen(function*() {
      const spans = yield* record((handler) => {
        const fail = (id: string, error: unknown) => {
          handler.handleChainStart(ofClass("RunnableSequence"), "x", id)
          handler.handleChainError(error, id)
        }
        fail("a", new TypeError("down"))
        fail("b", Object.assign(new Error("GraphInterrupt"), { is_bubble_up: true }))
        fail("c", new DOMException("stop", "AbortError"))
        fail("d", undefined)
      })
      assert.deepStrictEqual(spans.slice(1).map(({ error, tags }) => [error?.type, tags["effect.fiber.interrupted"]]), [
        ["TypeError", undefined],
        [undefined, undefined],
        [undefined, "true"],
        ["Error", undefined]
      ])
    }).pipe(test))

  it.live("ends a stream that was left early with the answer so far, when it is quiet or the run around it ends", () =>
    Effect.gen(function*() {
      const spans = yield* record(async (handler) => {
        const leave = async () => {
          await Promise.resolve()
          handler.handleChatModelStart(ofClass("ChatOpenAI"), [[human("Hi")]], "m")
          handler.handleLLMNewToken("Hel", {}, "m")
          handler.handleLLMNewToken("lo", {}, "m")
        }
        await leave()
        handler.handleChainStart(ofClass("RunnableSequence"), "x", "c")
        handler.handleChatModelStart(ofClass("ChatOpenAI"), [[human("Hi")]], "n", "c")
        handler.handleChainEnd("y", "c")
        await new Promise((resolve) => setTimeout(resolve, 30))
      }, 1)
      const calls = spans.filter(({ kind }) => kind === "llm")
      assert.deepStrictEqual(calls.map(({ output, tags }) => [Testing.texts(output), tags["effect.span.unfinished"]]), [
        [["Hello"], "true"],
        [[], "true"]
      ])
      assert.isAbove(calls[0]!.metrics["time_to_first_token"]!, 0)
    }).pipe(test))

  it.live("records searches, labels runs by their metadata, and survives any callback", () =>
    Effect.gen(function*() {
      const spans = yield* record((handler) => {
        handler.handleRetrieverStart(ofClass("Store"), "parcels", "r", undefined, [], {
          session_id: "s-1",
          user_id: "u"
        })
        handler.handleRetrieverEnd([{ pageContent: "page", id: "1" }, null], "r")
        const hostile = new Proxy({}, {
          get: () => {
            throw new Error("no")
          }
        })
        for (const value of [undefined, null, 1, hostile]) {
          handler.handleChainStart(value, value, "h", undefined, value, value, value, value)
          handler.handleChainEnd(value, "h")
          handler.handleToolStart(value, value, "h", undefined, value, value, value, value)
          handler.handleToolError(value, "h")
          handler.handleLLMEnd(value, "unknown")
          handler.handleLLMNewToken(value, value, "unknown")
        }
      })
      const [search] = spans.filter(({ kind }) => kind === "retrieval")
      assert.deepStrictEqual([search?.sessionId, search?.userId, search?.input.value, search?.output.documents], [
        "s-1",
        "u",
        "parcels",
        [{ text: "page", id: "1" }, { text: "" }]
      ])
    }).pipe(test))

  it.live("ends 1,500 open runs, each inside the one before, when the outermost ends", () =>
    Effect.gen(function*() {
      const spans = yield* record((handler) => {
        for (let i = 0; i < 1_500; i++) {
          handler.handleToolStart(ofClass("Tool"), "x", `t${i}`, i === 0 ? undefined : `t${i - 1}`)
        }
        // With little of the stack left, few runs are enough.
        const deep = (frames: number): void => frames === 0 ? handler.handleToolEnd("y", "t0") : deep(frames - 1)
        deep(6_000)
      })
      const tools = spans.filter(({ kind }) => kind === "tool")
      assert.lengthOf(tools, 1_500)
      assert.lengthOf(tools.filter(({ tags }) => tags["effect.span.unfinished"] === "true"), 1_499)
    }).pipe(test))

  it("registers one class of handlers, whose handlers LangChain tells by their name", () => {
    const hooks: Array<{ readonly handlerClass: new() => LangChain.Handler; readonly envVar: string }> = []
    const registerConfigureHook = (hook: typeof hooks[number]): void => {
      hooks.push(hook)
    }
    LangChain.register(registerConfigureHook)
    LangChain.register(registerConfigureHook)
    assert.strictEqual(hooks[0]?.handlerClass, hooks[1]?.handlerClass)
    assert.strictEqual(process.env[hooks[0]!.envVar], "true")
    assert.strictEqual(new hooks[0]!.handlerClass().name, LangChain.handler.name)
    delete process.env[hooks[0]!.envVar]
  })
})
