import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import * as Tag from "../../../src/domain/propagation/PropagationTag.ts"

const entry = (rank: number, length: number) => ({ text: "x".repeat(length), rank })
const ranks = (entries: ReadonlyArray<{ readonly rank: number }>) => entries.map((e) => e.rank)

describe("PropagationTag", () => {
  it("accepts the characters that x-datadog-tags can hold", () => {
    for (const key of ["_dd.p.dm", "_dd.p.a:b", "_dd.p.usr.id"]) assert.isTrue(Tag.isKey(key), key)
    for (const key of ["_dd.p.", "_dd.origin", "_dd.p.a b", "_dd.p.a,b", "_dd.p.a=b", "_dd.p.é"]) {
      assert.isFalse(Tag.isKey(key), key)
    }
    for (const value of ["a", "a b", "a=b", "~;:"]) assert.isTrue(Tag.isValue(value), value)
    for (const value of ["", " a", "a ", "a,b", "é", "a\nb", "a\n"]) assert.isFalse(Tag.isValue(value), value)
  })

  it("keeps every tag when they fit exactly", () => {
    const entries = [entry(0, 10), entry(9, 20), entry(8, 5)]
    assert.strictEqual(Tag.fit(entries, 37), entries)
    assert.deepStrictEqual(ranks(Tag.fit(entries, 36)), [0, 8])
  })

  it("drops the highest rank first, ranks of two together", () => {
    const entries = [entry(8, 10), entry(2, 10), entry(2, 10), entry(6, 10), entry(6, 10), entry(9, 10)]
    assert.deepStrictEqual(ranks(Tag.fit(entries, 64)), [8, 2, 2, 6, 6])
    assert.deepStrictEqual(ranks(Tag.fit(entries, 53)), [2, 2, 6, 6])
    assert.deepStrictEqual(ranks(Tag.fit(entries, 42)), [2, 2])
    assert.deepStrictEqual(ranks(Tag.fit(entries, 20)), [])
  })

  it("drops a text that can never fit without costing another one", () => {
    assert.deepStrictEqual(ranks(Tag.fit([entry(8, 10), entry(2, 10), entry(7, 600), entry(9, 3)], 100)), [8, 2, 9])
  })

  it.prop(
    "keeps to the length limit and to the order of ranks",
    [
      Arbitrary.array(
        Arbitrary.schema(Schema.Tuple([Schema.Literals([0, 1, 2, 4, 7, 8, 9]), Schema.Literals([1, 9, 30, 80])]))
      ),
      Schema.Literals([0, 10, 64, 128, 512])
    ],
    ([pairs, limit]) => {
      const entries = pairs.map(([rank, length]) => entry(rank, length))
      const kept = Tag.fit(entries, limit)
      assert.isAtMost(kept.map((e) => e.text).join(",").length, limit)
      assert.deepStrictEqual(kept, entries.filter((e) => kept.includes(e)))
      assert.deepStrictEqual(Tag.fit(kept, limit), kept)
    }
  )
})
