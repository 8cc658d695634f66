import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as SpanEvent from "../../../src/domain/event/SpanEvent.ts"
import { TagTexts } from "../../../src/domain/event/TagTexts.ts"
import * as WireFormat from "../../../src/domain/event/WireFormat.ts"
import { makeRecord } from "../Records.ts"

const Tag = Schema.Tuple([
  Schema.Literals(["a", "a:b", "a.b", "error", "__proto__", "constructor", "é"]),
  Schema.Literals(["", "x", "y", "\ud800", "\"", "z".repeat(5_000)])
])

describe("TagTexts", () => {
  it.prop(
    "gives the text of each event's tags, whichever went before",
    {
      all: Schema.Array(Schema.Struct({
        tags: Schema.Array(Tag),
        type: Schema.Literals(["none", "none", "", "E"])
      }))
    },
    ({ all }) => {
      for (const format of Object.values(WireFormat.table)) {
        const texts = new TagTexts(format)
        for (const { tags, type } of [...all, ...all.toReversed()]) {
          const error = type === "none" ? undefined : { type, message: "", stack: "" }
          const record = { ...makeRecord({}), tags: Object.fromEntries(tags), error }
          assert.strictEqual(texts.of(record), JSON.stringify(SpanEvent.tags(record, format)))
        }
      }
    },
    { arbitrary: { runs: 40 } }
  )

  it("reads tags once that are too long to be kept, because each further look would take seconds if there are thousands", () => {
    for (const format of Object.values(WireFormat.table)) {
      const texts = new TagTexts(format)
      const count = 1_000
      let reads = 0
      const tags: { readonly [key: string]: string } = Object.defineProperties(
        {},
        Object.fromEntries(Array.from({ length: count }, (_, i) => [
          `key${i}`,
          { enumerable: true, get: () => (reads++, "x") }
        ]))
      )
      const record = { ...makeRecord({}), tags }
      const text = texts.of(record)
      assert.strictEqual(reads, count)
      assert.strictEqual(text, JSON.stringify(SpanEvent.tags(record, format)))
    }
  })
})
