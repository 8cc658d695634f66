/** Events that Mastra itself has given, of its newest and its lowest release; `test/data/mastra` says how. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import * as MastraIntegration from "../../src/adapters/mastra/MastraIntegration.ts"
import * as RunningLayers from "../../src/engine/context/RunningLayers.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Mastra from "../../src/layers/Mastra.ts"
import * as Testing from "../../src/layers/Testing.ts"

type Item = { readonly type: string; readonly exportedSpan: object } | { readonly model: string } | {
  readonly tool: string
}

const recorded = (release: string) =>
  JSON.parse(readFileSync(new URL(`../data/mastra/${release}.json`, import.meta.url), "utf8")) as {
    readonly [name: string]: ReadonlyArray<Item>
  }

/** Gives recorded events to an integration, and starts a span where the model or the tool ran. */
const replay = async (items: ReadonlyArray<Item>, integration = MastraIntegration.make()): Promise<void> => {
  const inside = (name: string) => () => RunningLayers.ofCaller()!.start("task", name).end()
  for (const item of items) {
    if ("model" in item) integration.executeInContextSync(item.model, inside("in the model"))
    else if ("tool" in item) await integration.executeInContext(item.tool, async () => inside("in the tool")())
    else await integration.exportTracingEvent(item)
  }
}

const record = (program: () => Promise<unknown>) =>
  Effect.gen(function*() {
    yield* Effect.promise(program).pipe(LLMObs.agent("support"))
    yield* Testing.expectNothingLost
    return yield* Testing.events()
  }).pipe(Effect.provide(Testing.layer()))

const tree = (spans: ReadonlyArray<Testing.ObservedSpan>) =>
  spans.map(({ kind, name, parentId }) => [kind, name, spans.find(({ spanId }) => spanId === parentId)?.name])

const span = (type: string, id: string, parentSpanId?: string, more: object = {}) => ({
  id,
  parentSpanId,
  type,
  name: id,
  startTime: new Date(),
  isEvent: false,
  ...more
})

const started = (type: string, id: string, parentSpanId?: string, more?: object) => ({
  type: "span_started",
  exportedSpan: span(type, id, parentSpanId, more)
})

const ended = (type: string, id: string, parentSpanId?: string, more?: object) => ({
  type: "span_ended",
  exportedSpan: span(type, id, parentSpanId, { endTime: new Date(), ...more })
})

describe("Mastra", () => {
  it.live("records an agent with its calls and tools, and runs the model and the tool inside their spans", () =>
    Effect.gen(function*() {
      const spans = yield* record(() => replay(recorded("1.71.0")["agent"]!))
      assert.sameDeepMembers(tree(spans), [
        ["agent", "support", undefined],
        ["agent", "agent run: 'guide'", "support"],
        ["workflow", "llm: 'gpt-5'", "agent run: 'guide'"],
        ["llm", "inference: 0", "llm: 'gpt-5'"],
        ["task", "in the model", "inference: 0"],
        ["tool", "tool: 'weather'", "llm: 'gpt-5'"],
        ["task", "in the tool", "tool: 'weather'"],
        ["llm", "inference: 1", "llm: 'gpt-5'"],
        ["task", "in the model", "inference: 1"]
      ])
      const of = (name: string) => spans.find((span) => span.name === name)!
      const [agent, first, second, tool] = [
        of("agent run: 'guide'"),
        of("inference: 0"),
        of("inference: 1"),
        of("tool: 'weather'")
      ]
      assert.deepInclude(agent.tags, { integration: "mastra", green: "true", team: "shop" })
      assert.deepStrictEqual([agent.sessionId, agent.userId, agent.input.value, agent.output.value], [
        "s-1",
        "u-1",
        "How is the weather in Oslo?",
        "It rains in Oslo."
      ])
      assert.deepStrictEqual([first.model, first.provider, first.metadata], ["gpt-5-2026", "openai", {
        temperature: 0.2,
        finish_reason: "tool-calls"
      }])
      assert.include(JSON.stringify(first.toolDefinitions), "\"description\":\"The weather.\"")
      assert.deepStrictEqual(first.output.messages?.[0]?.["tool_calls"], [
        { name: "weather", arguments: { city: "Oslo" }, tool_id: "c1", type: "function" }
      ])
      assert.deepStrictEqual([Testing.texts(first.input), Testing.texts(second.output)], [
        ["Be short.", "How is the weather in Oslo?"],
        ["It rains in Oslo."]
      ])
      assert.deepInclude(second.metrics, {
        input_tokens: 40,
        output_tokens: 20,
        total_tokens: 60,
        cache_read_input_tokens: 10,
        reasoning_output_tokens: 5
      })
      assert.deepStrictEqual([tool.input.value, tool.output.value], ["{\"city\":\"Oslo\"}", "{\"text\":\"It rains.\"}"])
      const counted = spans.filter(({ metrics }) => metrics["input_tokens"] !== undefined)
      assert.deepStrictEqual(counted.map(({ kind }) => kind), ["llm", "llm"])
    }))

  it.live("records the calls of a release that has no span of their own from its steps", () =>
    Effect.gen(function*() {
      const spans = yield* record(() => replay(recorded("1.0.4")["agent"]!))
      const calls = spans.filter(({ kind }) => kind === "llm")
      assert.deepStrictEqual(calls.map(({ metrics, model, name, provider }) => [name, model, provider, metrics]), [
        ["step: 0", "gpt-5", "openai", calls[0]!.metrics],
        ["step: 1", "gpt-5", "openai", calls[0]!.metrics]
      ])
      assert.deepInclude(calls[0]?.metrics, { input_tokens: 40, cache_read_input_tokens: 10, total_tokens: 60 })
      assert.include(Testing.texts(calls[0]!.input), "How is the weather in Oslo?")
      assert.deepStrictEqual(
        tree(spans).filter(([, name]) => name === "in the model").map(([, , parent]) => parent),
        ["step: 0", "step: 1"]
      )
    }))

  it.live("records workflows, and gives the error of a model, which Mastra names on the agent, to its call", () =>
    Effect.gen(function*() {
      const { failure, workflow } = recorded("1.71.0")
      const spans = yield* record(() => replay([...workflow!, ...failure!]))
      assert.sameDeepMembers(tree(spans).filter(([, name]) => String(name).startsWith("workflow")), [
        ["workflow", "workflow run: 'flow'", "support"],
        ["task", "workflow step: 'ask'", "workflow run: 'flow'"]
      ])
      assert.sameDeepMembers(
        spans.filter(({ error }) => error !== undefined).map(({ error, name }) => [name, error?.type, error?.message]),
        ["agent run: 'guide'", "llm: 'gpt-5'", "inference: 0"].map((name) => [name, "TypeError", "refused"])
      )
    }))

  it.live("ends what is left open with the span around it, else at shutdown, and takes the times of the events", () =>
    Effect.gen(function*() {
      const spans = yield* record(async () => {
        const mastra = MastraIntegration.make()
        const startTime = "2026-01-01T00:00:00.000Z"
        const endTime = new Date("2026-01-01T00:00:02.000Z")
        mastra.onTracingEvent(started("agent_run", "agent", undefined, { startTime }))
        mastra.onTracingEvent(started("tool_call", "tool", "agent", { startTime }))
        mastra.onTracingEvent(ended("agent_run", "agent", undefined, { startTime, endTime }))
        mastra.onTracingEvent(started("workflow_run", "left"))
        mastra.onTracingEvent(started("workflow_run", "left"))
        await mastra.shutdown()
        mastra.onTracingEvent(ended("workflow_run", "left"))
      })
      const mastra = spans.filter(({ tags }) => tags["integration"] === "mastra")
      assert.sameDeepMembers(
        mastra.map(({ durationMillis, name, tags }) => [
          name,
          tags["effect.span.unfinished"],
          name === "left" ? undefined : durationMillis
        ]),
        [["agent", undefined, 2_000], ["tool", "true", 2_000], ["left", "true", undefined]]
      )
    }))

  it.live("records embeddings, searches and a program's own generation, and nothing inside an llm span of the program", () =>
    Effect.gen(function*() {
      const usage = { inputTokens: 9, outputTokens: 1 }
      const spans = yield* record(async () => {
        const mastra = MastraIntegration.make()
        for (
          const [type, start, end] of [
            ["rag_embedding", { input: ["a"], attributes: { model: "e" } }, { attributes: { model: "e", usage } }],
            ["rag_vector_operation", { attributes: { operation: "query" } }, {
              attributes: { operation: "query" },
              output: [{ id: "1", metadata: { text: "found" } }]
            }],
            ["model_generation", { input: { messages: [] } }, {
              input: "Hi",
              output: { text: "Hello" },
              attributes: { model: "gpt-5", provider: "openai", usage, finishReason: "stop" }
            }]
          ] as const
        ) {
          mastra.onTracingEvent(started(type, type, undefined, start))
          mastra.onTracingEvent(ended(type, type, undefined, end))
        }
        const layer = RunningLayers.ofCaller()!
        const own = layer.start("llm", "own")
        layer.run(own, () => {
          mastra.onTracingEvent(started("model_generation", "hidden"))
          mastra.onTracingEvent(started("tool_call", "hidden too", "hidden"))
          mastra.onTracingEvent(ended("model_generation", "hidden", undefined, { attributes: { usage } }))
        })
        own.end()
      })
      assert.sameDeepMembers(
        // The times of Mastra have no parts of a millisecond, so its first span can come before the one around it.
        spans.filter(({ name }) => name !== "support").map((
          { kind, metrics, name, output }
        ) => [kind, name, metrics["input_tokens"], output.documents]),
        [
          ["embedding", "rag_embedding", 9, undefined],
          ["retrieval", "rag_vector_operation", undefined, [{ text: "found", id: "1" }]],
          ["workflow", "model_generation", undefined, undefined],
          ["llm", "model_generation", 9, undefined],
          ["llm", "own", undefined, undefined]
        ]
      )
    }))

  it.live("never throws, whatever the events are, ends their spans, and passes on what a model or a tool throws", () =>
    Effect.gen(function*() {
      yield* Effect.promise(async () => {
        const { integration } = Mastra
        const hostile = new Proxy({}, {
          get: () => {
            throw new Error("no")
          }
        })
        for (
          const value of [undefined, null, 1, {}, hostile, { type: "span_ended", exportedSpan: { id: "unknown" } }]
        ) {
          integration.onTracingEvent(value as object)
          for (const type of ["model_inference", "agent_run", "tool_call", "model_step", "rag_embedding"]) {
            const more = {
              attributes: value,
              metadata: value,
              tags: value,
              input: value,
              output: value,
              errorInfo: value
            }
            integration.onTracingEvent(started(type, type, undefined, more))
            integration.onTracingEvent(ended(type, type, undefined, more))
          }
        }
        assert.throws(() =>
          integration.executeInContextSync("unknown", () => {
            throw new TypeError("theirs")
          }), "theirs")
        await integration.flush()
      })
      const spans = yield* Testing.events()
      assert.isAbove(spans.length, 10)
      assert.isTrue(spans.every(({ tags }) => tags["effect.span.unfinished"] === undefined))
    }).pipe(Effect.provide(Testing.layer())))
})
