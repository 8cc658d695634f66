import { assert, describe, it } from "@effect/vitest"
import * as Metrics from "../../../src/domain/content/Metrics.ts"
import * as HostileValue from "../HostileValue.ts"

const value = (u: unknown) => Metrics.parse(u).value
const codes = (u: unknown) => Metrics.parse(u).problems.map((p) => p.code)

describe("Metrics", () => {
  it("translates the names that TypeScript users write, and keeps others", () => {
    assert.deepStrictEqual(
      value({
        inputTokens: 1,
        outputTokens: 2,
        totalTokens: 3,
        cacheReadTokens: 4,
        cacheWriteTokens: 5,
        cacheWrite5mTokens: 6,
        cacheWrite1hTokens: 7,
        reasoningOutputTokens: 8,
        timeToFirstToken: 9,
        inputTokensDetails: 10,
        constructor: 11
      }),
      {
        input_tokens: 1,
        output_tokens: 2,
        total_tokens: 3,
        cache_read_input_tokens: 4,
        cache_write_input_tokens: 5,
        ephemeral_5m_input_tokens: 6,
        ephemeral_1h_input_tokens: 7,
        reasoning_output_tokens: 8,
        time_to_first_token: 9,
        inputTokensDetails: 10,
        constructor: 11
      }
    )
    assert.deepStrictEqual(value({ input_tokens: 1, inputTokens: 2 }), { input_tokens: 2 })
  })

  it("keeps any finite number, and counts booleans as 1 and 0", () => {
    assert.deepStrictEqual(value({ cost: 0.25, negative: -1.5, zero: 0, yes: true, no: false, big: 5n }), {
      cost: 0.25,
      negative: -1.5,
      zero: 0,
      yes: 1,
      no: 0,
      big: 5
    })
  })

  it("leaves out values that are not finite numbers, and keeps the rest", () => {
    const input = { nan: NaN, inf: Infinity, text: "1", nothing: null, list: [1], ok: 1 }
    assert.deepStrictEqual(value(input), { ok: 1 })
    assert.deepStrictEqual(codes(input), ["invalid_metrics"])
    assert.deepStrictEqual(codes({ ok: 1, absent: undefined }), [])
  })

  it("replaces a dot in a name with _, with a problem", () => {
    assert.deepStrictEqual(value({ "a.b.c": 1 }), { a_b_c: 1 })
    assert.deepStrictEqual(codes({ "a.b": 1, ok: 2 }), ["invalid_metrics"])
  })

  it("accepts only objects as metrics", () => {
    for (const bad of ["text", 1, null, [1]]) {
      assert.strictEqual(value(bad), undefined)
      assert.deepStrictEqual(codes(bad), ["invalid_metrics"])
    }
    assert.deepStrictEqual(Metrics.parse(undefined), { value: undefined, bytes: 0, problems: [] })
    assert.deepStrictEqual(value({}), {})
  })

  it("reads a provider's usage unchanged, alone or inside its answer", () => {
    const usage = {
      prompt_tokens: 9,
      completion_tokens: 3,
      total_tokens: 12,
      prompt_tokens_details: { cached_tokens: 4, audio_tokens: 0 }
    }
    const counts = { input_tokens: 9, output_tokens: 3, total_tokens: 12, cache_read_input_tokens: 4 }
    for (const given of [usage, { model: "m", choices: [], usage }]) {
      assert.deepStrictEqual(Metrics.parse(given), { ...Metrics.parse(given), value: counts, problems: [] })
    }
    assert.deepStrictEqual(
      value({
        input_tokens: 5,
        output_tokens: 1,
        cache_read_input_tokens: 4,
        cache_creation_input_tokens: null,
        cache_creation: {}
      }),
      {
        input_tokens: 9,
        output_tokens: 1,
        cache_read_input_tokens: 4,
        total_tokens: 10
      }
    )
  })

  it("puts no key and no value into a problem", () => {
    const { problems } = Metrics.parse({ "secret.key": 1, other: "secret" })
    assert.notInclude(JSON.stringify(problems), "secret")
  })

  it.prop(
    "gives finite numbers for any value, and bounds their size from above",
    [HostileValue.arbitrary],
    ([input]) => {
      for (const given of [input, { a: input, "__proto__.x": 1, ["__proto__"]: 2 }]) {
        const { bytes, value } = Metrics.parse(given)
        if (value === undefined) continue
        assert.isTrue(Object.values(value).every(Number.isFinite))
        assert.isAtLeast(bytes, Buffer.byteLength(JSON.stringify(value)))
      }
    },
    { arbitrary: { runs: 500 } }
  )
})
