import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { unpack } from "msgpackr"
import * as MsgpackReader from "../../../src/adapters/devagent/MsgpackReader.ts"
import type { Json } from "../../../src/domain/json/JsonSnapshot.ts"
import * as JsonSnapshot from "../../../src/domain/json/JsonSnapshot.ts"
import { MsgpackWriter, pageBytes, TextRow } from "../../../src/domain/msgpack/MsgpackWriter.ts"
import * as HostileValue from "../../domain/HostileValue.ts"

const packed = (value: Json, out = new MsgpackWriter()): Uint8Array => {
  out.begin()
  out.json(value)
  return out.end()
}

// The text of the JSON has no bigint and no order of keys to compare.
const read = (bytes: Uint8Array): unknown => {
  const strict = MsgpackReader.read(bytes)
  assert.isTrue(strict.ok && strict.end === bytes.length, strict.ok ? "bytes are left" : strict.message)
  return unpack(bytes)
}

const plain = (value: unknown): unknown =>
  typeof value === "bigint" ? Number(value) : Array.isArray(value) ? value.map(plain) : value

describe("MsgpackWriter", () => {
  const integers = [0, 0x20, 0x80, 0x100, 0x8000, 0x1_0000, 0x8000_0000, 0x1_0000_0000, Number.MAX_SAFE_INTEGER]

  it("writes each number so that another reader has the same one, integers as integers", () => {
    const numbers = integers.flatMap((limit) => [limit - 1, limit, -limit, -limit - 1]).filter(Number.isSafeInteger)
    for (const number of [...numbers, 0.5, -1e300, 1e300, 2 ** 60, 5e-324]) {
      const bytes = packed(number)
      assert.strictEqual(plain(read(bytes)), number)
      assert.strictEqual(bytes[0] === 0xcb, !Number.isSafeInteger(number), String(number))
    }
  })

  for (const unit of ["a", "é", "世", "😀", "\ud800", "\n"]) {
    it(`writes texts of each length of a header: ${JSON.stringify(unit)}`, () => {
      for (const length of [0, 1, 15, 31, 32, 85, 86, 255, 256, 21_844, 21_845, 21_846, 65_535, 65_536, 70_000]) {
        const text = unit.repeat(length)
        assert.isTrue(read(packed(text)) === text.toWellFormed(), String(length))
      }
    })
  }

  it("writes lists and objects of each length of a header", () => {
    for (const length of [0, 1, 15, 16, 65_535, 65_536]) {
      const list = Array.from({ length }, () => 1)
      assert.strictEqual((read(packed(list)) as Array<unknown>).length, length)
      const object = Object.fromEntries(list.map((one, index) => [String(index), one]))
      assert.strictEqual(Object.keys(read(packed(object)) as {}).length, length)
      const texts = Object.fromEntries(list.map((_, index) => [String(index), "text"]))
      const out = new MsgpackWriter()
      out.begin()
      out.endMap(out.beginMap(), out.texts(texts, new TextRow()))
      assert.strictEqual(Object.keys(read(out.end()) as {}).length, length)
    }
  })

  it.prop(
    "writes any JSON value so that another reader has the same one, one value after another across pages",
    { texts: Schema.Array(Schema.String), values: Schema.Array(Schema.Json) },
    ({ texts, values }) => {
      const out = new MsgpackWriter(64)
      const given = [...texts, ...values].map((value) => JsonSnapshot.take(value).value ?? null)
      const written = given.map((value) => packed(value, out))
      for (let i = 0; i < given.length; i++) {
        assert.deepStrictEqual(written[i], packed(given[i]!), "the same bytes, in small pages and in large ones")
        const strict = MsgpackReader.read(written[i]!)
        assert.isTrue(strict.ok)
        if (strict.ok) {
          assert.deepStrictEqual(JSON.stringify(MsgpackReader.toPlain(strict.value)), JSON.stringify(given[i]))
        }
      }
    }
  )

  it("writes an empty text before it has any page", () => {
    for (const text of ["", "é"]) {
      const out = new MsgpackWriter()
      out.begin()
      out.plain(text)
      assert.deepStrictEqual(new TextDecoder().decode(out.end()), text)
    }
  })

  it("keeps a row of texts whole that could not be learned again", () => {
    const row = new TextRow()
    const write = (texts: {}): {} => {
      const out = new MsgpackWriter()
      out.begin()
      out.endMap(out.beginMap(), out.texts(texts, row))
      return read(out.end()) as {}
    }
    let reads = 0
    const text = {
      toString: () => {
        if (++reads > 1) throw new RangeError("Maximum call stack size exceeded")
        return "x"
      }
    }
    assert.throws(() => write({ a: "1", text }))
    assert.deepStrictEqual(write({ a: "1", b: "2" }), { a: "1", b: "2" })
  })

  const members = Schema.Record(Schema.String, Schema.Literals(["x", "y", "\ud800", "z".repeat(200)]))
  it.prop(
    "writes texts by key the same, whether their row knows all of them, the first of them or none",
    { rows: Schema.Array(Schema.Tuple([members, members])) },
    ({ rows }) => {
      const out = new MsgpackWriter(64)
      const row = new TextRow()
      const process = { env: "prod", service: "shop" }
      for (const [first, second] of rows) {
        for (const texts of [process, { ...process, ...first }, { ...process, ...first, ...second }, second, process]) {
          out.begin()
          const map = out.beginMap()
          const size = out.texts(texts, row)
          out.endMap(map, size)
          const expected = packed(texts)
          assert.strictEqual(size, Object.keys(texts).length)
          assert.deepStrictEqual(read(out.end()), read(expected))
        }
      }
    },
    { arbitrary: { runs: 30 } }
  )

  it("learns a row again when it differs for long, and keeps no long text in it", () => {
    const out = new MsgpackWriter()
    const row = new TextRow()
    const long = "z".repeat(200)
    for (let i = 0; i < 300; i++) {
      const texts = { a: i < 100 ? "early" : "late", long, c: String(i) }
      out.begin()
      out.endMap(out.beginMap(), out.texts(texts, row))
      assert.deepStrictEqual(read(out.end()), texts)
    }
    assert.isTrue(row.has(0, "a", "late"))
    assert.isFalse(row.has(1, "long", long))
  })

  it("writes every hostile value that a snapshot took", () => {
    for (const value of HostileValue.each()) read(packed(JsonSnapshot.take(value).value ?? null))
  })

  it("gives a value that exceeds a page one piece of bytes", () => {
    const value = { text: "世".repeat(pageBytes), list: Array.from({ length: 50_000 }, (_, i) => i) }
    assert.deepStrictEqual(read(packed(value)), value)
  })
})
