import { assert, describe, it } from "@effect/vitest"
import * as CostTags from "../../../src/domain/span/CostTags.ts"
import * as HostileValue from "../HostileValue.ts"

const tags = { team: "x", tier: "gold", feature: "chat" }

describe("CostTags", () => {
  it("keeps the order of cost tags without repetitions, after those selected before", () => {
    assert.deepStrictEqual(CostTags.select(["tier", "team", "tier"], tags), { value: ["tier", "team"], problems: [] })
    assert.deepStrictEqual(CostTags.select(["tier", "feature"], tags, ["team", "tier"]).value, [
      "team",
      "tier",
      "feature"
    ])
  })

  it("selects only tags that the span has", () => {
    const { problems, value } = CostTags.select(["team", "later", 5, "toString", "__proto__", "tier"], tags)
    assert.deepStrictEqual(value, ["team", "tier"])
    assert.deepStrictEqual(problems.map((p) => [p.code, p.path]), [["invalid_cost_tags", "costTags[1]"]])
  })

  it("keeps the selection for an absent value, and reports a value that is not a list", () => {
    for (const nothing of [undefined, null, []]) {
      assert.deepStrictEqual(CostTags.select(nothing, tags, ["team"]), { value: ["team"], problems: [] })
    }
    for (const bad of ["team", 1, { team: 1 }, () => ["team"]]) {
      const { problems, value } = CostTags.select(bad, tags, ["team"])
      assert.deepStrictEqual(value, ["team"])
      assert.deepStrictEqual(problems.map((p) => p.code), ["invalid_cost_tags"])
    }
  })

  it.prop(
    "selects from any value without throwing, and the same tags when repeated",
    [HostileValue.arbitrary],
    ([input]) => {
      const given = ["team", input, "tier"]
      const { value } = CostTags.select(given, tags)
      assert.deepStrictEqual(CostTags.select(given, tags, value).value, value)
      assert.isTrue(CostTags.select(input, tags).value.every((tag) => Object.hasOwn(tags, tag)))
    }
  )
})
