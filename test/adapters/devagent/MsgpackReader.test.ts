import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import { Packr } from "msgpackr/pack"
import * as MsgpackReader from "../../../src/adapters/devagent/MsgpackReader.ts"
import * as Wire from "./WireBytes.ts"

const read = (...bytes: ReadonlyArray<number>): MsgpackReader.ReadResult => MsgpackReader.read(Wire.raw(...bytes))

const valueOf = (bytes: Uint8Array): MsgpackReader.MsgpackValue => {
  const result = MsgpackReader.read(bytes)
  assert.isTrue(result.ok, result.ok ? "" : result.message)
  return (result as { readonly value: MsgpackReader.MsgpackValue }).value
}

const messageOf = (result: MsgpackReader.ReadResult): string => result.ok ? "it was read" : result.message

describe("MsgpackReader", () => {
  const wireTypes: ReadonlyArray<readonly [ReadonlyArray<number>, MsgpackReader.MsgpackValue]> = [
    [[0xc0], { type: "nil" }],
    [[0xc2], { type: "bool", value: false }],
    [[0xc3], { type: "bool", value: true }],
    [[0x7f], { type: "uint", value: 127n }],
    [[0xcc, 0xff], { type: "uint", value: 255n }],
    [[0xcd, 0x01, 0x00], { type: "uint", value: 256n }],
    [[0xce, 0xff, 0xff, 0xff, 0xff], { type: "uint", value: 4294967295n }],
    [[0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], { type: "uint", value: 18446744073709551615n }],
    [[0xe0], { type: "int", value: -32n }],
    [[0xff], { type: "int", value: -1n }],
    [[0xd0, 0x80], { type: "int", value: -128n }],
    [[0xd1, 0x80, 0x00], { type: "int", value: -32768n }],
    [[0xd2, 0x80, 0x00, 0x00, 0x00], { type: "int", value: -2147483648n }],
    [[0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0], { type: "int", value: -9223372036854775808n }],
    [[0xca, 0x3f, 0x80, 0, 0], { type: "float32", value: 1 }],
    [[0xcb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0], { type: "float64", value: 1 }],
    [[0xa1, 0x61], { type: "str", value: "a" }],
    [[0xd9, 0x01, 0x61], { type: "str", value: "a" }],
    [[0xda, 0x00, 0x01, 0x61], { type: "str", value: "a" }],
    [[0xdb, 0, 0, 0, 0x01, 0x61], { type: "str", value: "a" }],
    [[0xc4, 0x01, 0x61], { type: "bin", value: Wire.raw(0x61) }],
    [[0xc5, 0x00, 0x01, 0x61], { type: "bin", value: Wire.raw(0x61) }],
    [[0xc6, 0, 0, 0, 0x01, 0x61], { type: "bin", value: Wire.raw(0x61) }],
    [[0xd4, 0xff, 0x61], { type: "ext", code: -1, value: Wire.raw(0x61) }],
    [[0xd5, 0x01, 0x61, 0x62], { type: "ext", code: 1, value: Wire.raw(0x61, 0x62) }],
    [[0xc7, 0x01, 0x05, 0x61], { type: "ext", code: 5, value: Wire.raw(0x61) }],
    [[0xc8, 0x00, 0x01, 0x05, 0x61], { type: "ext", code: 5, value: Wire.raw(0x61) }],
    [[0xc9, 0, 0, 0, 0x01, 0x05, 0x61], { type: "ext", code: 5, value: Wire.raw(0x61) }],
    [[0x91, 0xc0], { type: "array", items: [{ type: "nil" }] }],
    [[0xdd, 0, 0, 0, 1, 0xc0], { type: "array", items: [{ type: "nil" }] }],
    [[0x81, 0xa1, 0x61, 0xc0], { type: "map", entries: [[{ type: "str", value: "a" }, { type: "nil" }]] }],
    [[0xdf, 0, 0, 0, 1, 0x01, 0xc0], { type: "map", entries: [[{ type: "uint", value: 1n }, { type: "nil" }]] }]
  ]
  for (const [bytes, expected] of wireTypes) {
    it(`keeps every wire type apart: ${expected.type} in ${Buffer.from(bytes).toString("hex")}`, () => {
      assert.deepStrictEqual(MsgpackReader.read(new Uint8Array(bytes)), {
        ok: true,
        value: expected,
        end: bytes.length
      })
    })
  }

  it("keeps map entries in order, equal keys included, and says where the value ends", () => {
    const result = MsgpackReader.read(Wire.join(Wire.map(["a", Wire.raw(1)], ["a", Wire.raw(2)]), Wire.raw(9, 9)))
    assert.isTrue(result.ok)
    assert.strictEqual(result.ok && result.value.type === "map" ? result.value.entries.length : 0, 2)
    assert.strictEqual(result.ok ? result.end : 0, 13)
  })

  it("refuses the one byte that has no type, and input that ends early", () => {
    assert.strictEqual(messageOf(read(0xc1)), "0xc1 is not a MessagePack type")
    assert.strictEqual(messageOf(read()), "unexpected end of input")
    const whole = Wire.payload(Wire.span(
      ["name", Wire.str("a")],
      ["meta", Wire.map(["k", Wire.str("v")])],
      ["metrics", Wire.map(["m", Wire.float64(1)], ["n", Wire.float32(1)])],
      ["meta_struct", Wire.map(["_llmobs", Wire.bin(Wire.raw(0x80))])],
      ["x", Wire.raw(0xc7, 1, 1, 1)],
      ["y", Wire.raw(0xd2, 0, 0, 0, 0)]
    ))
    for (let length = 0; length < whole.length; length++) {
      assert.strictEqual(messageOf(MsgpackReader.read(whole.subarray(0, length))), "unexpected end of input")
    }
    assert.isTrue(MsgpackReader.read(whole).ok)
  })

  it("refuses a length that the bytes cannot hold", () => {
    for (const lead of [0xc6, 0xc9, 0xdb, 0xdd, 0xdf]) {
      assert.strictEqual(messageOf(read(lead, 0xff, 0xff, 0xff, 0xff, 0, 0)), "unexpected end of input")
    }
  })

  it("bounds nesting and the number of values", () => {
    const nested = new Uint8Array(1_000_001).fill(0x91)
    assert.strictEqual(messageOf(MsgpackReader.read(nested)), "nested too deeply")
    const limits = { maxDepth: 2, maxValues: 4 }
    assert.isTrue(MsgpackReader.read(Wire.raw(0x91, 0x91, 0xc0), limits).ok)
    assert.strictEqual(messageOf(MsgpackReader.read(Wire.raw(0x91, 0x91, 0x91, 0xc0), limits)), "nested too deeply")
    assert.isTrue(MsgpackReader.read(Wire.raw(0x93, 1, 2, 3), limits).ok)
    assert.strictEqual(messageOf(MsgpackReader.read(Wire.raw(0x94, 1, 2, 3, 4), limits)), "too many values")
  })

  it("repairs text that is not UTF-8 and keeps a byte order mark", () => {
    assert.deepStrictEqual(valueOf(Wire.raw(0xa2, 0x61, 0xff)), { type: "str", value: "a\ufffd" })
    assert.deepStrictEqual(valueOf(Wire.raw(0xa3, 0xed, 0xa0, 0x80)), { type: "str", value: "\ufffd\ufffd\ufffd" })
    assert.deepStrictEqual(valueOf(Wire.raw(0xa4, 0xef, 0xbb, 0xbf, 0x61)), { type: "str", value: "\ufeffa" })
  })

  it("reads from the middle of a larger buffer", () => {
    const inner = Wire.raw(0, 0, 0x92, 0xa1, 0x61, 0xc4, 0x01, 0x62, 0).subarray(2, 8)
    assert.deepStrictEqual(MsgpackReader.toPlain(valueOf(inner)), ["a", Wire.raw(0x62)])
  })

  it("converts values to plain data, with a bigint where a double is not exact", () => {
    const plain = MsgpackReader.toPlain(valueOf(Wire.map(
      ["small", Wire.uint64(9007199254740991n)],
      ["large", Wire.uint64(9007199254740993n)],
      ["negative", Wire.int64(-9007199254740993n)],
      ["float", Wire.float32(0.5)],
      ["list", Wire.array(Wire.nil, Wire.raw(0xc3), Wire.bin(Wire.raw(1)))],
      [Wire.raw(5), Wire.str("five")],
      [Wire.nil, Wire.str("none")],
      ["ext", Wire.raw(0xd4, 3, 1)],
      ["__proto__", Wire.map(["polluted", Wire.raw(0xc3)])]
    )))
    assert.deepStrictEqual(
      Object.entries(plain as object),
      [
        ["5", "five"],
        ["small", 9007199254740991],
        ["large", 9007199254740993n],
        ["negative", -9007199254740993n],
        ["float", 0.5],
        ["list", [null, true, Wire.raw(1)]],
        ["nil", "none"],
        ["ext", { $ext: 3, bytes: Wire.raw(1) }],
        ["__proto__", { polluted: true }]
      ]
    )
    assert.isUndefined(({} as { readonly polluted?: unknown }).polluted)
  })

  const byte = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 }))

  it.prop(
    "answers without throwing to any bytes, and to any damage of good ones",
    { noise: Schema.Array(byte), at: Schema.Array(Schema.Struct({ where: Schema.Int, what: byte })) },
    ({ at, noise }) => {
      const good = Wire.payload(Wire.span(["meta", Wire.map(["k", Wire.str("v")])], ["x", Wire.array(Wire.nil)]))
      for (const { what, where } of at) {
        good[Math.abs(where) % good.length] = what
      }
      for (const bytes of [new Uint8Array(noise), good]) {
        const result = MsgpackReader.read(bytes)
        assert.isTrue(result.ok ? result.end <= bytes.length : result.message.length > 0)
        if (result.ok) {
          MsgpackReader.toPlain(result.value)
        }
      }
    },
    { arbitrary: { runs: 500 } }
  )

  const packr = new Packr({ useRecords: false, variableMapSize: true })
  const text = Arbitrary.map(Arbitrary.schema(Schema.String), (value) => value.toWellFormed())
  const scalar = Schema.Union([Schema.Null, Schema.Boolean, Schema.Finite])

  it.prop(
    "reads back the values that msgpackr packs",
    {
      texts: Arbitrary.array(text),
      scalars: Schema.Array(scalar),
      ids: Schema.Array(Schema.BigInt),
      keys: Arbitrary.array(text)
    },
    ({ ids, keys, scalars, texts }) => {
      const plain = {
        texts,
        scalars: scalars.map((value) => Object.is(value, -0) ? 0 : value),
        ids: ids.map((id) => BigInt.asUintN(64, id)),
        nested: Object.fromEntries(keys.map((key, index) => [key, [index]]))
      }
      const bytes = packr.pack(plain)
      const expected = { ...plain, ids: plain.ids.map(MsgpackReader.exactInteger) }
      assert.deepStrictEqual(MsgpackReader.toPlain(valueOf(bytes)), expected)
    }
  )
})
