import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as AgentRates from "../../../src/domain/sampling/AgentRates.ts"

describe("AgentRates", () => {
  it("finds the rate of a service, else the rate of all others, else none", () => {
    const { problems, value } = AgentRates.parse({
      rate_by_service: { "service:shop,env:prod": 0.25, "service:,env:": 0.5 }
    })
    assert.deepStrictEqual(problems, [])
    assert.strictEqual(AgentRates.rateOf(value!, "shop", "prod"), 0.25)
    assert.strictEqual(AgentRates.rateOf(value!, "shop", "dev"), 0.5)
    assert.strictEqual(AgentRates.rateOf(AgentRates.empty, "shop", "prod"), undefined)
    assert.strictEqual(AgentRates.rateOf(new Map([["service:a,env:b", 1]]), "c", "d"), undefined)
  })

  it("reads a zero rate as zero", () => {
    const { value } = AgentRates.parse({ rate_by_service: { "service:shop,env:": 0, "service:,env:": 1 } })
    assert.strictEqual(AgentRates.rateOf(value!, "shop", ""), 0)
  })

  for (const body of [{}, "OK", null, undefined, 7, [], { rate_by_service: null }]) {
    it(`treats an answer without rates as no change: ${JSON.stringify(body)}`, () => {
      assert.deepStrictEqual(AgentRates.parse(body), { value: undefined, problems: [] })
    })
  }

  it("keeps the good rates of a bad answer and reports it", () => {
    const { problems, value } = AgentRates.parse(
      JSON.parse(`{"rate_by_service":{"a":0.5,"b":2,"c":-1,"d":"1","e":null,"__proto__":1}}`)
    )
    assert.deepStrictEqual([...value!.keys()], ["a", "__proto__"])
    assert.strictEqual(problems.length, 1)
    assert.strictEqual(AgentRates.parse({ rate_by_service: [] }).problems.length, 1)
  })

  it("reads an answer only up to its limit", () => {
    const many = Object.fromEntries(Array.from({ length: AgentRates.maxRates + 1 }, (_, i) => [`k${i}`, 1]))
    const { problems, value } = AgentRates.parse({ rate_by_service: many })
    assert.strictEqual(value!.size, AgentRates.maxRates)
    assert.strictEqual(problems.length, 1)
  })

  it.prop("parses any answer without throwing", [Schema.Unknown], ([u]) => {
    const { value } = AgentRates.parse({ rate_by_service: u })
    for (const rate of value?.values() ?? []) assert.isTrue(rate >= 0 && rate <= 1)
  })
})
