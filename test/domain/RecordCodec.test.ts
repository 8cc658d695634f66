import { assert, describe, it } from "@effect/vitest"
import * as RecordCodec from "../../src/domain/RecordCodec.ts"
import * as Schemas from "../../src/domain/schema/SpanRecord.ts"
import type { SpanRecord } from "../../src/domain/SpanRecord.ts"
import * as Records from "./Records.ts"
import { canonical } from "./schema/CanonicalText.ts"

const roundTrip = (record: SpanRecord): SpanRecord | undefined => {
  const { problems, value } = RecordCodec.decode(RecordCodec.encode(record))
  assert.deepStrictEqual(problems, [])
  return value
}

describe("RecordCodec", () => {
  it.prop("gives back what it was given, whatever is in it", [Schemas.SpanRecord], ([record]) => {
    assert.strictEqual(canonical(roundTrip(record)), canonical(record))
  })

  it("keeps the nanosecond, and the keys that have no value", () => {
    const record = Records.makeRecord({ annotation: { input: "hi", tags: { team: "ops" } } })
    assert.deepStrictEqual(roundTrip(record), record)
    assert.strictEqual(roundTrip({ ...record, startNs: 2n ** 63n - 1n })?.startNs, 2n ** 63n - 1n)
  })

  it("keeps keys that parsers stumble over", () => {
    for (const key of ["\t", "\u0000", "\"", "\\", "\ud800", "__proto__", "a\nb", "a\\", "a\\n", "\"b", "toJSON", ""]) {
      // A parser that has met a key with a backslash can take others for it.
      JSON.parse(
        JSON.stringify(
          [["a\\"], ["\\"], ["first", "a\\"], ["first", "\\"]].map((keys) =>
            Object.fromEntries(keys.map((name) => [name, 1]))
          )
        )
      )
      const metadata = Object.fromEntries([["first", 1], [key, { [key]: ["x", null] }]])
      const record = Records.makeRecord()
      const kept = roundTrip({ ...record, annotation: { bytes: 0, metadata } })
      assert.strictEqual(canonical(kept?.annotation.metadata), canonical(metadata), JSON.stringify(key))
    }
  })

  it("refuses what it did not write, without throwing", () => {
    const good = JSON.parse(RecordCodec.encode(Records.makeRecord()))
    const bad = [
      "",
      "{",
      "null",
      "[]",
      "7",
      "{\"version\":1}",
      "{\"version\":1,\"record\":null}",
      "{\"version\":1,\"flattened\":{\"entries\":7}}",
      JSON.stringify({ ...good, version: 2 }),
      JSON.stringify({ ...good, record: { ...good.record, startNs: "soon" } }),
      JSON.stringify({ ...good, record: { ...good.record, startNs: 12 } }),
      JSON.stringify({ ...good, record: { ...good.record, context: [] } }),
      JSON.stringify({ ...good, record: { ...good.record, annotation: null } })
    ]
    for (const text of bad) {
      const { problems, value } = RecordCodec.decode(text)
      assert.isUndefined(value, text.slice(0, 60))
      assert.strictEqual(problems[0]?.code, "unreadable_value")
    }
  })
})
