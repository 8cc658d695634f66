import { assert, describe, it } from "@effect/vitest"
import * as RecordCodec from "../../../src/domain/event/RecordCodec.ts"
import * as SpanEvent from "../../../src/domain/event/SpanEvent.ts"
import * as WireFormat from "../../../src/domain/event/WireFormat.ts"
import * as Schemas from "../../../src/domain/schema/SpanRecord.ts"
import type { SpanRecord } from "../../../src/domain/span/SpanRecord.ts"
import * as Records from "../Records.ts"
import { canonical } from "../schema/CanonicalText.ts"

const roundTrip = (record: SpanRecord): SpanRecord | undefined => {
  const { problems, value } = RecordCodec.decode(RecordCodec.encode(record))
  assert.deepStrictEqual(problems, [])
  return value
}

describe("RecordCodec", () => {
  it.prop("decodes every field that an event is rendered from, for any record", [Schemas.SpanRecord], ([record]) => {
    const { context } = record
    const experiment = context.experiment?.experimentId === undefined ? undefined : { experimentId: "", tags: {} }
    const kept = { ...record, context: { ...context, userId: undefined, accountId: undefined, experiment } }
    assert.strictEqual(canonical(roundTrip(record)), canonical(kept))
    for (const format of Object.values(WireFormat.table)) {
      assert.strictEqual(
        canonical(SpanEvent.render(roundTrip(record)!, format)),
        canonical(SpanEvent.render(record, format))
      )
    }
  })

  it("keeps nanoseconds, and keys without a value", () => {
    const record = Records.makeRecord({ annotation: { input: "hi", tags: { team: "ops" } } })
    assert.deepStrictEqual(roundTrip(record), record)
    assert.strictEqual(roundTrip({ ...record, startNs: 2n ** 63n - 1n })?.startNs, 2n ** 63n - 1n)
  })

  for (const key of ["\t", "\u0000", "\"", "\\", "\ud800", "__proto__", "a\nb", "a\\", "a\\n", "\"b", "toJSON", ""]) {
    it(`keeps keys that confuse JSON parsers: ${JSON.stringify(key)}`, () => {
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
    })
  }

  it("keeps keys without a value beside a key that confuses JSON parsers", () => {
    const record = Records.makeRecord({ annotation: { input: "hi", metadata: { "a\\u0041\"": 1 } } })
    assert.deepStrictEqual(roundTrip(record), record)
  })

  const x = "x".repeat(300)
  const strings = [
    x,
    `${x}\n{"version":2}\n`,
    `${x}\0${x}`,
    `${x}\ud800`,
    `\ud83d\ude00${x}\u2028`,
    `\u007f${x}`,
    "\u007f0:300",
    "\u007f",
    "\u007f\u007f",
    "\u007f\ud800",
    `\u007f\0${x}`,
    "\u007f\u007f0:1"
  ]
  for (const text of strings) {
    it(`keeps long strings unchanged, at any place and with any content: ${JSON.stringify(text.replaceAll(x, "x…"))}`, () => {
      const entries: Array<readonly [string, unknown]> = [["__proto__", text], ["b", [text, { [text]: text }]], [
        "1",
        text
      ]]
      const metadata = Object.fromEntries(entries) as never
      const record = Records.makeRecord()
      const full = {
        ...record,
        context: { ...record.context, name: text },
        tags: { ...record.tags, [text]: text },
        annotation: { ...record.annotation, metadata },
        error: { type: text, message: x, stack: text }
      }
      const kept = roundTrip(full)
      assert.strictEqual(canonical(kept), canonical(full), JSON.stringify(text).slice(0, 40))
      assert.isTrue(RecordCodec.encode(full).isWellFormed())
    })
  }

  it("writes a long text once, unescaped", () => {
    const text = "He said \"no\".\n".repeat(100)
    const written = RecordCodec.encode(Records.makeRecord({ annotation: { output: text } }))
    assert.include(written, text)
    assert.isBelow(written.length, text.length + 1_200)
  })

  it("reads records of version 1, which has no separate long strings", () => {
    const record = Records.makeRecord({ annotation: { metadata: { a: "\u007f0:1" } } })
    const line = JSON.stringify({ version: 1, record: { ...record, startNs: String(record.startNs) } })
    assert.deepStrictEqual(RecordCodec.decode(line).value, record)
  })

  const good = JSON.parse(RecordCodec.encode(Records.makeRecord()))
  const foreign: ReadonlyArray<readonly [name: string, text: string]> = [
    ["an empty text", ""],
    ["an open brace", "{"],
    ["null", "null"],
    ["a list", "[]"],
    ["a number", "7"],
    ["a version alone", "{\"version\":1}"],
    ["a record that is null", "{\"version\":1,\"record\":null}"],
    ["entries that are a number", "{\"version\":1,\"flattened\":{\"entries\":7}}"],
    ["an unknown version", JSON.stringify({ ...good, version: 3 })],
    [
      "a reference to a missing long string",
      JSON.stringify({ ...good, record: { ...good.record, prompt: { a: "\u007f0:9" } } })
    ],
    [
      "a reference that starts within a long string",
      `${JSON.stringify({ ...good, record: { ...good.record, prompt: { a: "\u007f1:3" } } })}\nabc`
    ],
    [
      "a reference with a negative start",
      JSON.stringify({ ...good, record: { ...good.record, prompt: { a: "\u007f-1:1" } } })
    ],
    [
      "a reference that is not two numbers",
      JSON.stringify({ ...good, record: { ...good.record, prompt: { a: "\u007fx" } } })
    ],
    ["a start that is text", JSON.stringify({ ...good, record: { ...good.record, startNs: "soon" } })],
    ["a start that is a number", JSON.stringify({ ...good, record: { ...good.record, startNs: 12 } })],
    ["a context that is a list", JSON.stringify({ ...good, record: { ...good.record, context: [] } })],
    [
      "more levels than any record has",
      JSON.stringify({ ...good, record: { ...good.record, tags: { a: "?" } } })
        .replace("\"?\"", "[".repeat(50_000) + "]".repeat(50_000))
    ],
    [
      "two references to one long string",
      `${JSON.stringify({ ...good, record: { ...good.record, prompt: { a: "\u007f0:2", b: "\u007f1:2" } } })}\nabc`
    ],
    [
      "a reference with a negative length",
      `${JSON.stringify({ ...good, record: { ...good.record, prompt: { a: "\u007f2:-1" } } })}\nabc`
    ],
    ["a prompt that is text", JSON.stringify({ ...good, record: { ...good.record, prompt: "Hi" } })],
    ...["metadata", "manifest"].map((field) =>
      [
        `${field} that is text`,
        JSON.stringify({ ...good, record: { ...good.record, annotation: { bytes: 0, [field]: "Hi" } } })
      ] as const
    ),
    ["an annotation that is null", JSON.stringify({ ...good, record: { ...good.record, annotation: null } })]
  ]
  for (const [name, text] of foreign) {
    it(`refuses text that it did not write, without throwing: ${name}`, () => {
      const { problems, value } = RecordCodec.decode(text)
      assert.isUndefined(value)
      assert.strictEqual(problems[0]?.code, "unreadable_value")
    })
  }
})
