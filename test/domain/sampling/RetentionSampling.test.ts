import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as RetentionSampling from "../../../src/domain/sampling/RetentionSampling.ts"

const tiers = `[{"tags":{"tier":"gold*"},"sample_rate":1},{"tags":{"tier":"free"},"sample_rate":0}]`

describe("RetentionSampling", () => {
  it("retains everything without settings", () => {
    assert.deepStrictEqual(RetentionSampling.parse({}), { value: RetentionSampling.all, problems: [] })
    assert.deepStrictEqual(RetentionSampling.decide(RetentionSampling.all, 18446744073709551615n), {
      sampleRate: "1",
      samplingDecision: "1"
    })
  })

  it("decides by the APM trace id alone, as captured", () => {
    const { value } = RetentionSampling.parse({ sampleRate: "0.5" })
    const decided = [1n, 6148914691236517205n, 1234567890123456789n, 18446744073709551615n].map((id) =>
      RetentionSampling.decide(value, id)
    )
    assert.deepStrictEqual(decided.map((d) => d.samplingDecision), ["1", "1", "1", "0"])
    assert.deepStrictEqual(decided.map((d) => d.sampleRate), ["0.5", "0.5", "0.5", "0.5"])
  })

  it("stamps a rate of zero", () => {
    const { value } = RetentionSampling.parse({ sampleRate: "0" })
    assert.deepStrictEqual(RetentionSampling.decide(value, 1n), { sampleRate: "0", samplingDecision: "0" })
  })

  it("prefers the rate given in code, unless that is no rate", () => {
    const rate = (option: number) => RetentionSampling.parse({ option, sampleRate: "0.25" })
    assert.strictEqual(rate(0).value.sampleRate, 0)
    assert.strictEqual(rate(0.75).value.sampleRate, 0.75)
    for (const bad of [-0.1, 1.1, NaN, Infinity]) {
      assert.strictEqual(rate(bad).value.sampleRate, 0.25)
      assert.deepStrictEqual(rate(bad).problems.map((p) => p.code), ["invalid_option"])
    }
  })

  it("takes 1 for an environment rate that is none", () => {
    for (const sampleRate of ["2", "-1", "half", "NaN"]) {
      const { problems, value } = RetentionSampling.parse({ sampleRate })
      assert.strictEqual(value.sampleRate, 1)
      assert.deepStrictEqual(problems.map((p) => p.code), ["invalid_setting"])
    }
    assert.deepStrictEqual(RetentionSampling.parse({ sampleRate: " " }).problems, [])
  })

  it("applies the first rule whose tags match the root's, in any case, else the rate", () => {
    const { value } = RetentionSampling.parse({ sampleRate: "1", rules: tiers })
    const decision = (tags?: { [key: string]: string }) => RetentionSampling.decide(value, 1n, tags)
    assert.deepStrictEqual(decision({ tier: "GOLD-1" }), { sampleRate: "1", samplingDecision: "1" })
    assert.deepStrictEqual(decision({ tier: "free" }), { sampleRate: "0", samplingDecision: "0" })
    assert.deepStrictEqual(decision({ tier: "silver" }), { sampleRate: "1", samplingDecision: "1" })
    assert.deepStrictEqual(decision(), { sampleRate: "1", samplingDecision: "1" })
    assert.isTrue(RetentionSampling.looksAtTags(value))
    assert.isFalse(RetentionSampling.looksAtTags(RetentionSampling.all))
  })

  it("takes a rule without tags for a catch-all", () => {
    const { value } = RetentionSampling.parse({
      rules: `[{"tags":{"env":"staging"},"sample_rate":1},{"sample_rate":0}]`
    })
    assert.strictEqual(RetentionSampling.decide(value, 1n, { env: "prod" }).samplingDecision, "0")
    assert.strictEqual(RetentionSampling.decide(value, 1n, { env: "staging" }).samplingDecision, "1")
  })

  it("leaves out rules about anything but tags, and text that is not JSON", () => {
    const { problems, value } = RetentionSampling.parse({ rules: `[{"service":"shop","sample_rate":0}]` })
    assert.deepStrictEqual([value.rules.length, problems.length], [0, 1])
    assert.strictEqual(RetentionSampling.parse({ rules: "{not json" }).problems.length, 1)
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
