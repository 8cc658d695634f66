import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as MetaStruct from "../../src/domain/event/MetaStruct.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Observed from "./Observed.ts"

const program = Effect.gen(function*() {
  yield* Effect.void.pipe(LLMObs.llm("chat"), LLMObs.tool("track"), LLMObs.workflow("support"))
  return (yield* Observed.settle).agent
})

const rules = JSON.stringify([{ service: "shop-*", name: "chat", max_per_second: 50 }])
const mark = "_dd.span_sampling.mechanism"

describe("DD_SPAN_SAMPLING_RULES", () => {
  it.live("keeps single spans of a rejected trace, and sends their event to the intake once and not with the span", () =>
    Effect.gen(function*() {
      const agent = yield* program.pipe(
        Effect.provide(Observed.fromEnv({ DD_SPAN_SAMPLING_RULES: rules, DD_TRACE_SAMPLE_RATE: "0" }))
      )
      const chat = Observed.span(agent, "chat")
      assert.deepStrictEqual(
        Object.entries(chat.metrics).filter(([key]) => key.startsWith("_dd.span_sampling.")),
        [[mark, 8], ["_dd.span_sampling.rule_rate", 1], ["_dd.span_sampling.max_per_second", 50]]
      )
      assert.strictEqual(chat.meta[MetaStruct.submittedTag], "1")
      assert.notProperty(chat.metaStruct, "_llmobs")
      for (const name of ["chat", "track", "support"]) assert.strictEqual(Observed.named(agent, name).via, "evp", name)
      for (const name of ["track", "support"]) assert.notProperty(Observed.span(agent, name).metrics, mark)
      assert.strictEqual(Observed.span(agent, "support").metrics["_sampling_priority_v1"], -1)
    }))

  it.live("marks no span of a kept trace, whose events ride it", () =>
    Effect.gen(function*() {
      const agent = yield* program.pipe(Effect.provide(Observed.fromEnv({ DD_SPAN_SAMPLING_RULES: rules })))
      assert.notProperty(Observed.span(agent, "chat").metrics, mark)
      assert.strictEqual(Observed.named(agent, "chat").via, "trace")
    }))
})
