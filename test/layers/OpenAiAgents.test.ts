import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { AsyncLocalStorage } from "node:async_hooks"
import OpenAI from "openai"
import * as ProviderServer from "../../providers/ProviderServer.ts"
import * as AgentsProcessor from "../../src/adapters/openai-agents/AgentsProcessor.ts"
import * as FrameworkScopes from "../../src/engine/context/FrameworkScopes.ts"
import * as Clients from "../../src/layers/Clients.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as OpenAiAgents from "../../src/layers/OpenAiAgents.ts"
import * as Testing from "../../src/layers/Testing.ts"

interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentId: string | null
  readonly previousSpan: Span | undefined
  readonly spanData: { readonly type: string; readonly [name: string]: unknown }
  startedAt: string | null
  endedAt: string | null
  error: unknown
}

/** Traces as the framework makes them: its own exporter first, so that the processor is told after an `await`. */
const framework = () => {
  const storage = new AsyncLocalStorage<{ readonly trace: object; readonly span: Span | undefined }>()
  const processors: Array<OpenAiAgents.Processor> = []
  let ids = 0
  const tell = async (event: keyof OpenAiAgents.Processor, of: object) => {
    await Promise.resolve()
    for (const processor of processors) await processor[event](of)
  }
  return {
    addTraceProcessor: (processor: OpenAiAgents.Processor) => void processors.push(processor),
    getCurrentSpan: () => storage.getStore()?.span ?? null,
    getCurrentTrace: () => storage.getStore()?.trace ?? null,
    withTrace: async <A>(trace: object, run: () => Promise<A>): Promise<A> => {
      const started = { traceId: `trace_${ids++}`, ...trace }
      return storage.run({ trace: started, span: undefined }, async () => {
        await tell("onTraceStart", started)
        const value = await run()
        await tell("onTraceEnd", started)
        return value
      })
    },
    withSpan: async <A>(spanData: Span["spanData"], run: (span: Span) => Promise<A>): Promise<A> => {
      const { span: previous, trace } = storage.getStore()!
      const span: Span = {
        traceId: (trace as Span).traceId,
        spanId: `span_${ids++}`,
        parentId: previous?.spanId ?? null,
        previousSpan: previous,
        spanData,
        startedAt: new Date().toISOString(),
        endedAt: null,
        error: null
      }
      void tell("onSpanStart", span)
      return storage.run({ trace, span }, async () => {
        try {
          return await run(span)
        } catch (error) {
          span.error ??= { message: String(error) }
          throw error
        } finally {
          span.endedAt = new Date().toISOString()
          void tell("onSpanEnd", span)
        }
      })
    }
  }
}

const recorded = (program: (agents: ReturnType<typeof framework>) => Promise<unknown>) =>
  Effect.gen(function*() {
    const agents = framework()
    OpenAiAgents.register(agents)
    yield* Effect.promise(() => program(agents)).pipe(LLMObs.workflow("support"))
    yield* Testing.expectNothingLost
    const spans = yield* Testing.events()
    const names = new Map(spans.map(({ name, spanId }) => [spanId, name]))
    return { spans, tree: spans.map(({ kind, name, parentId }) => [kind, name, names.get(parentId ?? "")]) }
  }).pipe(Effect.provide(Testing.layer()))

describe("OpenAiAgents.register", () => {
  it.live("records a call of a wrapped client once, although its processor is told late", () =>
    Effect.gen(function*() {
      const server = yield* Effect.acquireRelease(
        Effect.promise(() => ProviderServer.start()),
        (server) => Effect.promise(server.close)
      )
      const client = Clients.wrap(new OpenAI({ apiKey: "k", baseURL: server.openai, maxRetries: 0 }))
      const { spans, tree } = yield* recorded((agents) =>
        agents.withTrace({ name: "shop", groupId: "s-1" }, () =>
          agents.withSpan({ type: "agent", name: "clerk" }, () =>
            agents.withSpan({ type: "turn" }, () =>
              agents.withSpan({ type: "response" }, async ({ spanData }) => {
                const response = await client.responses.create({ model: "gpt-5", input: "Hi" })
                Object.assign(spanData, { _input: "Hi", _response: response })
              }))))
      )
      assert.deepStrictEqual(tree, [
        ["workflow", "support", undefined],
        ["workflow", "shop", "support"],
        ["agent", "clerk", "shop"],
        ["llm", "clerk (LLM)", "clerk"]
      ])
      assert.deepStrictEqual(
        spans.map(({ sessionId }) =>
          sessionId
        ),
        [undefined, "s-1", "s-1", "s-1"]
      )
      assert.deepStrictEqual(spans.map(({ metrics }) => metrics["input_tokens"]), [
        undefined,
        undefined,
        undefined,
        100
      ])
      assert.deepStrictEqual([spans[1]?.input.value, spans[1]?.output.value], ["Hi", "You said: Hi"])
    }).pipe(Effect.scoped))

  it.live("ends a trace whose work throws with the outermost span that failed", () =>
    Effect.gen(function*() {
      const { spans } = yield* recorded((agents) =>
        agents.withTrace({ name: "shop" }, () =>
          agents.withSpan({ type: "agent", name: "clerk" }, () => Promise.reject(new Error("no"))))
          .catch(() =>
            new Promise(setImmediate)
          )
      )
      assert.deepStrictEqual(spans.map(({ name, status }) => [name, status]), [
        ["support", "ok"],
        ["shop", "error"],
        ["clerk", "error"]
      ])
    }))

  it.live("ends what is open when the trace ends, and leaves hostile values out", () =>
    Effect.gen(function*() {
      const { spans } = yield* recorded((agents) =>
        agents.withTrace({ name: 7, metadata: "none" }, async () => {
          void agents.withSpan({ type: "function", name: "endless" }, () => new Promise(() => {}))
          const data = {
            type: "response",
            get _response(): never {
              throw new Error("hostile")
            }
          }
          await agents.withSpan(data, () => Promise.resolve())
          await agents.withSpan({ type: "handoff", to_agent: "Back Office" }, () => Promise.resolve())
        })
      )
      assert.deepStrictEqual(
        spans.map(({ name, status, tags }) => [name, status, tags["effect.span.unfinished"]]),
        [
          ["support", "ok", undefined],
          ["Agent workflow", "ok", undefined],
          ["endless", "ok", "true"],
          ["openai_agents.response", "ok", undefined],
          ["transfer_to_back_office", "ok", undefined]
        ]
      )
    }))

  it.live("ends a trace that was left a while after its last span", () =>
    Effect.gen(function*() {
      const agents = framework()
      const { processor, scopeOf } = AgentsProcessor.make(1)
      agents.addTraceProcessor(processor)
      FrameworkScopes.add(() => scopeOf(agents.getCurrentSpan() ?? agents.getCurrentTrace() ?? {}))
      yield* Effect.sync(() => {
        void agents.withTrace({ name: "left" }, async () => {
          await agents.withSpan({ type: "custom", name: "step" }, () => Promise.resolve())
          return new Promise(() => {})
        })
      })
      const [trace] = yield* Effect.promise(() => new Promise(setImmediate)).pipe(
        Effect.andThen(Testing.events({ name: "left" })),
        Effect.repeat({ until: (spans) => spans.length === 1 })
      )
      assert.deepInclude(trace, { name: "left", status: "ok" })
      assert.strictEqual(trace?.tags["effect.span.unfinished"], "true")
    }).pipe(Effect.provide(Testing.layer())))

  it("does not throw without the functions of the framework", () => {
    OpenAiAgents.register({} as OpenAiAgents.Agents)
    OpenAiAgents.register(undefined as unknown as OpenAiAgents.Agents)
  })
})
