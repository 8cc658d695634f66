import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as RetentionSampling from "../../../src/domain/sampling/RetentionSampling.ts"

const tiers = `[{"tags":{"tier":"gold*"},"sample_rate":1},{"tags":{"tier":"free"},"sample_rate":0}]`

describe("RetentionSampling", () => {
  it("retains every trace without settings", () => {
    assert.deepStrictEqual(RetentionSampling.parseRules(undefined), { value: [], problems: [] })
    assert.deepStrictEqual(RetentionSampling.decide(RetentionSampling.all, 18446744073709551615n), {
      sampleRate: "1",
      samplingDecision: "1"
    })
  })

  it("decides by the APM trace id alone, as captured", () => {
    const value = { sampleRate: 0.5, rules: [] }
    const decided = [1n, 6148914691236517205n, 1234567890123456789n, 18446744073709551615n].map((id) =>
      RetentionSampling.decide(value, id)
    )
    assert.deepStrictEqual(decided.map((d) => d.samplingDecision), ["1", "1", "1", "0"])
    assert.deepStrictEqual(decided.map((d) => d.sampleRate), ["0.5", "0.5", "0.5", "0.5"])
  })

  it("stamps a rate of zero", () => {
    assert.deepStrictEqual(RetentionSampling.decide({ sampleRate: 0, rules: [] }, 1n), {
      sampleRate: "0",
      samplingDecision: "0"
    })
  })

  it("applies the first rule whose tags match the root's, in any case, else the rate", () => {
    const value = { sampleRate: 1, rules: RetentionSampling.parseRules(tiers).value }
    const decision = (tags?: { [key: string]: string }) => RetentionSampling.decide(value, 1n, tags)
    assert.deepStrictEqual(decision({ tier: "GOLD-1" }), { sampleRate: "1", samplingDecision: "1" })
    assert.deepStrictEqual(decision({ tier: "free" }), { sampleRate: "0", samplingDecision: "0" })
    assert.deepStrictEqual(decision({ tier: "silver" }), { sampleRate: "1", samplingDecision: "1" })
    assert.deepStrictEqual(decision(), { sampleRate: "1", samplingDecision: "1" })
    assert.isTrue(RetentionSampling.looksAtTags(value))
    assert.isFalse(RetentionSampling.looksAtTags(RetentionSampling.all))
  })

  it("treats a rule without tags as a catch-all", () => {
    const rules = RetentionSampling.parseRules(`[{"tags":{"env":"staging"},"sample_rate":1},{"sample_rate":0}]`)
    const value = { sampleRate: 1, rules: rules.value }
    assert.strictEqual(RetentionSampling.decide(value, 1n, { env: "prod" }).samplingDecision, "0")
    assert.strictEqual(RetentionSampling.decide(value, 1n, { env: "staging" }).samplingDecision, "1")
  })

  it("leaves out rules about fields other than tags, and text that is not JSON", () => {
    const { problems, value } = RetentionSampling.parseRules(`[{"service":"shop","sample_rate":0}]`, "MINE")
    assert.deepStrictEqual([value.length, problems.length], [0, 1])
    assert.include(problems[0]!.message, "MINE")
    assert.strictEqual(RetentionSampling.parseRules("{not json").problems.length, 1)
  })

  it.prop("gives the same answer for the same trace, whatever its size", [Schema.BigInt, Schema.Finite], ([id, n]) => {
    const rate = Math.abs(n) % 1
    const settings = { sampleRate: rate, rules: [] }
    assert.deepStrictEqual(
      RetentionSampling.decide(settings, id),
      RetentionSampling.decide(settings, BigInt.asUintN(64, id))
    )
  })
})
