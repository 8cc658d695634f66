import { assert, describe, it } from "@effect/vitest"
import * as JsonLevels from "../../../src/domain/json/JsonLevels.ts"

describe("JsonLevels", () => {
  it("counts objects and lists", () => {
    for (
      const [json, levels] of [["x", 0], [null, 0], [[], 1], [{}, 1], [[1, { a: [] }], 3], [
        { a: "x", b: [1] },
        2
      ]] as const
    ) {
      assert.isTrue(JsonLevels.isWithin(json, levels), JSON.stringify(json))
      assert.strictEqual(JsonLevels.isWithin(json, levels - 1), levels === 0, JSON.stringify(json))
    }
  })

  it("goes no deeper than it was asked to, whatever the value is", () => {
    assert.isFalse(JsonLevels.isWithin(JSON.parse(`${"[".repeat(1_000_000)}${"]".repeat(1_000_000)}`), 500))
  })
})
