import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as SpanEvent from "../../../src/domain/event/SpanEvent.ts"
import { TagTexts } from "../../../src/domain/event/TagTexts.ts"
import * as WireFormat from "../../../src/domain/event/WireFormat.ts"
import type { Tags } from "../../../src/domain/span/Tags.ts"
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

  it("gives an event no tag of the one before it, whose tags a stored record had and could not be rendered", () => {
    const of = (tags: { readonly [key: string]: unknown }) => ({ ...makeRecord({}), tags: tags as Tags })
    for (const format of Object.values(WireFormat.table)) {
      const texts = new TagTexts(format)
      texts.of(of({ env: "prod", team: "a" }))
      assert.throws(() => texts.of(of({ env: "other", team: { toString: null } })))
      const next = of({ env: "prod", team: "b" })
      assert.strictEqual(texts.of(next), JSON.stringify(SpanEvent.tags(next, format)))
    }
  })

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
