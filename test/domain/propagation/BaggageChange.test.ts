import { assert, describe, it } from "@effect/vitest"
import * as BaggageChange from "../../../src/domain/propagation/BaggageChange.ts"
import * as HostileValue from "../HostileValue.ts"

const outer: BaggageChange.Changes = new Map([["a", "1"], ["b", "2"]])

const entriesOf = (input: unknown) => [...BaggageChange.within(outer, input).value]

describe("BaggageChange", () => {
  it("replaces, adds and removes members on top of the outer region's changes", () => {
    assert.deepStrictEqual(entriesOf({ b: undefined, c: "3" }), [["a", "1"], ["b", undefined], ["c", "3"]])
    assert.deepStrictEqual([...outer], [["a", "1"], ["b", "2"]])
    assert.deepStrictEqual(BaggageChange.within(outer, { a: "2" }).problems, [])
  })

  it("leaves reserved members out without a problem", () => {
    const { problems, value } = BaggageChange.within(new Map(), { "llmobs.trace_id": "1" })
    assert.deepStrictEqual([value.size, problems.length], [0, 0])
  })

  it("keeps the texts of any input, and reports the rest once", () => {
    const input = {
      good: "1",
      number: 1,
      symbol: Symbol("s"),
      long: "x".repeat(8_193),
      get thrown() {
        throw new Error("no")
      }
    }
    const { problems, value } = BaggageChange.within(new Map(), input)
    assert.deepStrictEqual([...value], [["good", "1"]])
    assert.deepStrictEqual(problems.map((problem) => problem.code), ["invalid_baggage"])
    for (const hostile of HostileValue.each()) {
      for (const [, kept] of BaggageChange.within(outer, hostile).value) {
        assert.isTrue(kept === undefined || typeof kept === "string")
      }
    }
    for (const none of [undefined, null, "text", 5]) assert.deepStrictEqual(entriesOf(none), [...outer])
  })

  it("bounds the number of members in nested regions", () => {
    let changes: BaggageChange.Changes = new Map()
    for (let i = 0; i < 3_000; i++) changes = BaggageChange.within(changes, { [`key ${i}`]: "1" }).value
    assert.strictEqual(changes.size, 1_024)
    assert.strictEqual(BaggageChange.within(changes, { "key 0": "2" }).value.get("key 0"), "2")
  })
})
