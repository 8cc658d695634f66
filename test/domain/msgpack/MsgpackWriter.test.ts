import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { unpack } from "msgpackr"
import * as MsgpackReader from "../../../src/adapters/devagent/MsgpackReader.ts"
import type { Json } from "../../../src/domain/json/JsonSnapshot.ts"
import * as JsonSnapshot from "../../../src/domain/json/JsonSnapshot.ts"
import { MsgpackWriter, pageBytes } from "../../../src/domain/msgpack/MsgpackWriter.ts"
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

  it.prop(
    "writes a key and its text the same, whether they are new, come again or have changed",
    {
      pairs: Schema.Array(
        Schema.Tuple([Schema.Literals(["a", "b", "é"]), Schema.Literals(["x", "y", "\ud800", "z".repeat(200)])])
      )
    },
    ({ pairs }) => {
      const out = new MsgpackWriter(64)
      const written = (key: string, text: string) => {
        out.begin()
        out.map(1)
        out.pair(key, text)
        return out.end()
      }
      const many = Array.from({ length: 300 }, (_, i) => [`key ${i % 150}`, "same"] as const)
      for (const [key, text] of [...pairs, ...pairs, ...many, ...pairs]) {
        assert.deepStrictEqual(read(written(key, text)), { [key]: text.toWellFormed() })
      }
    },
    { arbitrary: { runs: 30 } }
  )

  it("writes every hostile value that a snapshot took", () => {
    for (const value of HostileValue.each()) read(packed(JsonSnapshot.take(value).value ?? null))
  })

  it("gives a value that exceeds a page one piece of bytes", () => {
    const value = { text: "世".repeat(pageBytes), list: Array.from({ length: 50_000 }, (_, i) => i) }
    assert.deepStrictEqual(read(packed(value)), value)
  })
})
