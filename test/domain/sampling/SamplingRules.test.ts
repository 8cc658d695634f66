import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as SamplingRules from "../../../src/domain/sampling/SamplingRules.ts"

const root: SamplingRules.Subject = {
  service: "shop",
  name: "http.server",
  resource: "GET /orders",
  tags: { tier: "Gold", "http.method": "GET" },
  metrics: { retries: 3, score: 0.5 }
}

const applies = (rule: object): boolean => {
  const { problems, value } = SamplingRules.parse(JSON.stringify([{ sample_rate: 1, ...rule }]))
  assert.deepStrictEqual(problems, [])
  return SamplingRules.findIndex(value, root) === 0
}

describe("SamplingRules", () => {
  it("reads every field of a rule", () => {
    const { problems, value } = SamplingRules.parse(
      `[{"service":"s*","name":"n","resource":"r","tags":{"a":"b?"},"sample_rate":0.25,"max_per_second":7},{"sample_rate":0}]`
    )
    assert.deepStrictEqual(problems, [])
    assert.strictEqual(value[0]!.sampleRate, 0.25)
    assert.strictEqual(value[0]!.maxPerSecond, 7)
    assert.strictEqual(value[0]!.tags[0]![0], "a")
    assert.deepStrictEqual(value[1], { tags: [], sampleRate: 0 })
  })

  it("applies a rule when every pattern matches", () => {
    assert.isTrue(applies({}))
    assert.isTrue(applies({ service: "SHOP", name: "http.*", resource: "get /*" }))
    assert.isFalse(applies({ service: "shop", name: "db" }))
    assert.isFalse(applies({ resource: "/orders" }))
    assert.isTrue(applies({ service: null, tags: null, max_per_second: null }))
  })

  it("matches text tags, whole numbers as text, and fractions with a star alone", () => {
    assert.isTrue(applies({ tags: { tier: "gold" } }))
    assert.isFalse(applies({ tags: { tier: "gold", plan: "*" } }))
    assert.isTrue(applies({ tags: { retries: 3 } }))
    assert.isTrue(applies({ tags: { retries: "?" } }))
    assert.isTrue(applies({ tags: { score: "*" } }))
    assert.isFalse(applies({ tags: { score: "0.5" } }))
    assert.isFalse(applies({ tags: { toString: "*" } }))
  })

  it("takes the first rule that applies", () => {
    const { value } = SamplingRules.parse(
      `[{"service":"other","sample_rate":0},{"service":"shop","sample_rate":0.5},{"sample_rate":1}]`
    )
    assert.strictEqual(SamplingRules.findIndex(value, root), 1)
    assert.strictEqual(SamplingRules.findIndex(value.slice(0, 1), root), -1)
  })

  const badRules = [
    `7`,
    `null`,
    `[]`,
    `{}`,
    `{"sample_rate":"x"}`,
    `{"sample_rate":true}`,
    `{"sample_rate":1,"service":{}}`,
    `{"sample_rate":1,"tags":[]}`,
    `{"sample_rate":1,"tags":{"a":{}}}`,
    `{"sample_rate":1,"max_per_second":"many"}`,
    `{"sample_rate":1,"unknown":1}`,
    `{"sample_rate":1,"name":"${"x".repeat(1_001)}"}`
  ]
  for (const rule of badRules) {
    it(`leaves out a bad rule, names its place and keeps the others: ${rule.slice(0, 60)}`, () => {
      const { problems, value } = SamplingRules.parse(`[{"sample_rate":"0.5"},${rule}]`)
      assert.deepStrictEqual(value.map((r) => r.sampleRate), [0.5], rule)
      assert.deepStrictEqual(problems.map((p) => [p.code, p.path]), [["invalid_setting", "[1]"]], rule)
    })
  }

  it("moves a rate outside 0 to 1 to the nearer end and reports it", () => {
    const { problems, value } = SamplingRules.parse(`[{"sample_rate":2},{"sample_rate":-1}]`)
    assert.deepStrictEqual(value.map((r) => r.sampleRate), [1, 0])
    assert.deepStrictEqual(problems.map((p) => p.path), ["[0].sample_rate", "[1].sample_rate"])
  })

  for (const text of ["{not json", "{}", "1", "null", `"[]"`]) {
    it(`has no rules, and one problem, for text that is not a JSON list: ${text}`, () => {
      const { problems, value } = SamplingRules.parse(text)
      assert.deepStrictEqual(value, [])
      assert.strictEqual(problems.length, 1, text)
      assert.notInclude(problems[0]!.message, text.length > 3 ? text : "\0")
    })
  }

  it("has no rules and no problem for an absent, blank or empty setting", () => {
    assert.deepStrictEqual(SamplingRules.parse(undefined), { value: [], problems: [] })
    assert.deepStrictEqual(SamplingRules.parse(" "), { value: [], problems: [] })
    assert.deepStrictEqual(SamplingRules.parse("[]"), { value: [], problems: [] })
  })

  it("reads rules only up to their limit", () => {
    const { problems, value } = SamplingRules.parse(JSON.stringify(Array(1_001).fill({ sample_rate: 1 })))
    assert.strictEqual(value.length, 1_000)
    assert.strictEqual(problems.length, 1)
  })

  it.prop("parses any JSON without throwing", [Schema.Unknown], ([u]) => {
    const text = JSON.stringify([u])
    const { problems, value } = SamplingRules.parse(text)
    assert.isTrue(value.length === 1 || problems.length > 0)
  })
})
