import { assert, describe, it } from "@effect/vitest"
import * as SpanKinds from "../../../src/domain/span/SpanKind.ts"
import * as GenAi from "../../../src/domain/trace/GenAi.ts"
import { makeContext, makeRecord } from "../Records.ts"

const write = (...options: Parameters<typeof makeRecord>) => {
  const meta: { [key: string]: string } = { kept: "x" }
  const metrics: { [key: string]: number } = { kept: 1 }
  GenAi.write(makeRecord(...options), meta, metrics)
  return { meta, metrics }
}

describe("GenAi", () => {
  it("writes the model, the conversation and the usage of an llm span, marked as artificial", () => {
    assert.deepStrictEqual(
      write({
        context: makeContext({ explicit: { sessionId: "s-1" } }),
        modelName: "gpt-5",
        modelProvider: "OpenAI",
        annotation: { metrics: { inputTokens: 12, outputTokens: 30, totalTokens: 42, other: 1 } }
      }),
      {
        meta: {
          kept: "x",
          "_dd.llmobs.artificial_gen_ai_tags": "true",
          "gen_ai.application.name": "shop",
          "gen_ai.operation.name": "llm",
          "gen_ai.request.model": "gpt-5",
          "gen_ai.provider.name": "openai",
          "gen_ai.conversation.id": "s-1"
        },
        metrics: {
          kept: 1,
          "gen_ai.usage.input_tokens": 12,
          "gen_ai.usage.output_tokens": 30,
          "gen_ai.usage.total_tokens": 42
        }
      }
    )
  })

  it("writes no model for a span without one, and no conversation after an opt-out", () => {
    const context = makeContext({ kind: "tool", explicit: { sessionId: "" } })
    assert.deepStrictEqual(write({ context }), {
      meta: {
        kept: "x",
        "_dd.llmobs.artificial_gen_ai_tags": "true",
        "gen_ai.application.name": "shop",
        "gen_ai.operation.name": "tool"
      },
      metrics: { kept: 1 }
    })
  })

  it("writes the cached and the reasoning part of the usage", () => {
    const metrics = { inputTokens: 12, cacheReadTokens: 5, cacheWriteTokens: 4, reasoningOutputTokens: 3 }
    assert.deepStrictEqual(write({ annotation: { metrics } }).metrics, {
      kept: 1,
      "gen_ai.usage.input_tokens": 12,
      "gen_ai.usage.cache_read_input_tokens": 5,
      "gen_ai.usage.cache_write_input_tokens": 4,
      "gen_ai.usage.reasoning_output_tokens": 3
    })
  })

  for (const kind of SpanKinds.all) {
    it(`writes usage for spans that call a model alone: ${kind}`, () => {
      const { metrics } = write({ context: makeContext({ kind }), annotation: { metrics: { inputTokens: 12 } } })
      assert.deepStrictEqual(
        metrics,
        kind === "llm" || kind === "embedding" ? { kept: 1, "gen_ai.usage.input_tokens": 12 } : { kept: 1 }
      )
    })
  }

  it("writes a count of zero", () => {
    assert.strictEqual(write({ annotation: { metrics: { inputTokens: 0 } } }).metrics["gen_ai.usage.input_tokens"], 0)
  })
})
