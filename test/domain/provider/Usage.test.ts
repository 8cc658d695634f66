import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as Usage from "../../../src/domain/provider/Usage.ts"

const count = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 99_999 }))

const names = (metrics: { readonly [key: string]: number } | undefined) => {
  const {
    cache_read_input_tokens,
    cache_write_input_tokens,
    input_tokens,
    output_tokens,
    reasoning_output_tokens,
    total_tokens
  } = metrics!
  return [
    input_tokens,
    output_tokens,
    total_tokens,
    cache_read_input_tokens,
    cache_write_input_tokens,
    reasoning_output_tokens
  ]
}

describe("Usage", () => {
  it.prop(
    "gives the same counts for the usage of each provider, with the cached tokens in the input",
    [count, count, count, count, count],
    ([fresh, read, written, text, thought]) => {
      const input = fresh + read + written
      const output = text + thought
      const total = input + output
      const all = [
        {
          prompt_tokens: input,
          completion_tokens: output,
          total_tokens: total,
          prompt_tokens_details: { cached_tokens: read, cache_write_tokens: written },
          completion_tokens_details: { reasoning_tokens: thought }
        },
        {
          input_tokens: input,
          output_tokens: output,
          total_tokens: total,
          input_tokens_details: { cached_tokens: read, cache_write_tokens: written },
          output_tokens_details: { reasoning_tokens: thought }
        },
        {
          input_tokens: fresh,
          output_tokens: output,
          cache_read_input_tokens: read,
          cache_creation_input_tokens: written,
          output_tokens_details: { thinking_tokens: thought },
          service_tier: "standard"
        },
        {
          inputTokens: fresh,
          outputTokens: output,
          totalTokens: 1,
          cacheReadInputTokens: read,
          cacheWriteInputTokens: written,
          reasoningTokens: thought
        },
        {
          inputTokens: input,
          outputTokens: output,
          totalTokens: total,
          inputTokenDetails: { cacheReadTokens: read, cacheWriteTokens: written },
          outputTokenDetails: { reasoningTokens: thought }
        },
        {
          inputTokens: input,
          outputTokens: output,
          inputDetails: { cacheRead: read, cacheWrite: written },
          outputDetails: { reasoning: thought }
        },
        {
          inputTokens: { total: input, cacheRead: read, cacheWrite: written },
          outputTokens: { total: output, reasoning: thought }
        },
        {
          input_tokens: input,
          output_tokens: output,
          total_tokens: total,
          input_token_details: { cache_read: read, cache_creation: written },
          output_token_details: { reasoning: thought }
        },
        {
          "gen_ai.usage.input_tokens": input,
          "gen_ai.usage.output_tokens": output,
          "gen_ai.usage.cache_read.input_tokens": read,
          "gen_ai.usage.cache_creation.input_tokens": written,
          "gen_ai.usage.reasoning.output_tokens": thought
        }
      ]
      for (const usage of all) {
        assert.deepStrictEqual(names(Usage.read(usage)), [input, output, total, read, written, thought])
      }
      const gemini = {
        promptTokenCount: input,
        candidatesTokenCount: text,
        thoughtsTokenCount: thought,
        cachedContentTokenCount: read,
        totalTokenCount: total
      }
      assert.deepStrictEqual(names(Usage.read(gemini)), [input, output, total, read, undefined, thought])
    },
    { arbitrary: { runs: 50 } }
  )

  it("keeps a count without its own name under the name of its place, unless it is zero", () => {
    assert.deepStrictEqual(
      Usage.read({
        promptTokenCount: 7,
        totalTokenCount: 7,
        promptTokensDetails: [{ modality: "TEXT", tokenCount: 5 }, { modality: "AUDIO", tokenCount: 2 }],
        toolUsePromptTokenCount: 0,
        trafficType: "ON_DEMAND"
      }),
      { input_tokens: 7, total_tokens: 7, prompt_tokens_details_text: 5, prompt_tokens_details_audio: 2 }
    )
  })

  it("leaves usage in Datadog's own names to the user", () => {
    for (
      const own of [
        { input_tokens: 1, cache_read_input_tokens: 1 },
        { inputTokens: 1, outputTokens: 2 },
        { cost: 1 },
        5,
        null
      ]
    ) {
      assert.strictEqual(Usage.read(own), undefined)
    }
    assert.deepStrictEqual(Usage.ofAnswer({ input_tokens: 1, output_tokens: 2 }), {
      input_tokens: 1,
      output_tokens: 2,
      total_tokens: 3
    })
  })
})
