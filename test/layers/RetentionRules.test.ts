import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as DevAgent from "../../src/adapters/devagent/DevAgent.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Observed from "./Observed.ts"

const rules = JSON.stringify([{ tags: { tier: "free" }, sample_rate: 0 }])

const layer = (agent: DevAgent.DevAgent, env: { readonly [name: string]: string }) =>
  LLMObs.layerFromConfig({ ...Observed.usual, flushInterval: "30 seconds", agentUrl: agent.url }).pipe(
    Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({ DD_LLMOBS_SAMPLING_RULES: rules, ...env })))
  )

const decisions = (agent: DevAgent.DevAgent) =>
  Object.fromEntries(
    agent.events().map(({ event }) => [event["name"], Observed.at(event, "_dd.sampling_decision")])
  )

const free = LLMObs.annotateCurrentSpan({ tags: { tier: "free" } })

const routes = [
  ["riding", {}],
  ["offered for want of a trace", { DD_APM_TRACING_ENABLED: "false" }],
  ["offered beside a trace", { DD_LLMOBS_OVERRIDE_ORIGIN: "at the agent" }],
  ["rescued", { DD_TRACE_SAMPLING_RULES: "[{\"sample_rate\":0}]" }]
] as const

describe("retention rules", () => {
  for (const [route, env] of routes) {
    it.live(`decides a trace's retention by the root's tags at its end, for every span: ${route}`, () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make()
        const resolved = "DD_LLMOBS_OVERRIDE_ORIGIN" in env ? { DD_LLMOBS_OVERRIDE_ORIGIN: agent.url } : env
        yield* Effect.gen(function*() {
          yield* Effect.andThen(LLMObs.llm("early")(Effect.void), free).pipe(LLMObs.workflow("root"))
          yield* LLMObs.llm("tagged child")(free).pipe(LLMObs.workflow("other root"))
          yield* LLMObs.flush
        }).pipe(Effect.provide(layer(agent, resolved)))
        assert.deepStrictEqual(decisions(agent), { early: "0", root: "0", "tagged child": "1", "other root": "1" })
      }))
  }

  it.live("freezes the retention decision at the first injection", () =>
    Effect.gen(function*() {
      const agent = yield* DevAgent.make()
      yield* Effect.andThen(
        Effect.gen(function*() {
          yield* LLMObs.llm("early")(Effect.void)
          assert.include((yield* LLMObs.inject)["x-datadog-tags"]!, "_dd.p.llmobs_sd=1")
          yield* free
        }).pipe(LLMObs.workflow("root")),
        LLMObs.flush
      ).pipe(Effect.provide(layer(agent, {})))
      assert.deepStrictEqual(decisions(agent), { early: "1", root: "1" })
    }))

  it.live("freezes the retention decision at a flush while the root runs, and sends the waiting events with it", () =>
    Effect.gen(function*() {
      const agent = yield* DevAgent.make()
      yield* Effect.gen(function*() {
        yield* Effect.gen(function*() {
          yield* LLMObs.llm("early")(Effect.void)
          const before = yield* LLMObs.ledger
          assert.deepStrictEqual(before.pending, { chunk: 1, payload: 0, outbox: 0 })
          yield* LLMObs.flush
          assert.deepStrictEqual(decisions(agent), { early: "1" })
          yield* free
        }).pipe(LLMObs.workflow("root"))
        yield* LLMObs.flush
      }).pipe(Effect.provide(layer(agent, { DD_APM_TRACING_ENABLED: "false" })))
      assert.deepStrictEqual(decisions(agent), { early: "1", root: "1" })
    }))

  it.live("freezes the retention decision at the end of the root, and releases the waiting events", () =>
    Effect.gen(function*() {
      const agent = yield* DevAgent.make()
      yield* Effect.gen(function*() {
        const during = yield* LLMObs.llm("early")(Effect.void).pipe(
          Effect.andThen(LLMObs.ledger),
          LLMObs.workflow("root")
        )
        assert.deepStrictEqual(during.pending, { chunk: 1, payload: 0, outbox: 0 })
        const after = yield* LLMObs.ledger
        assert.deepStrictEqual(after.pending, { chunk: 0, payload: 0, outbox: 2 })
      }).pipe(Effect.provide(layer(agent, { DD_APM_TRACING_ENABLED: "false" })))
      assert.deepStrictEqual(decisions(agent), { early: "1", root: "1" })
    }))

  it.live("freezes the retention decision with a chunk that is sent before its root, whatever tags follow", () =>
    Effect.gen(function*() {
      const agent = yield* DevAgent.make()
      yield* Effect.gen(function*() {
        yield* Effect.gen(function*() {
          yield* LLMObs.llm("early")(Effect.void)
          yield* LLMObs.flush
          assert.deepStrictEqual(decisions(agent), { early: "1" })
          yield* free
        }).pipe(LLMObs.workflow("root"))
        yield* LLMObs.flush
      }).pipe(Effect.provide(layer(agent, {})))
      assert.deepStrictEqual(decisions(agent), { early: "1", root: "1" })
    }))
})
