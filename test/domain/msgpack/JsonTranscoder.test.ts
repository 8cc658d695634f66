import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import type { Json } from "../../../src/domain/json/JsonSnapshot.ts"
import * as JsonSnapshot from "../../../src/domain/json/JsonSnapshot.ts"
import * as TextPass from "../../../src/domain/json/TextPass.ts"
import { JsonTranscoder } from "../../../src/domain/msgpack/JsonTranscoder.ts"
import { MsgpackWriter } from "../../../src/domain/msgpack/MsgpackWriter.ts"

const byPass = new JsonTranscoder()
const bySteps = new JsonTranscoder()
const withoutWebAssembly = new JsonTranscoder(() => undefined)

const decoder = new TextDecoder()

// The members of the value `{ value }` in pages of that size, so that a small one is left in mid-value.
const transcoded = (
  packed: MsgpackWriter,
  transcoder: JsonTranscoder,
  pageBytes: number,
  isStepped = false
): string => {
  const out = new MsgpackWriter(pageBytes)
  out.begin()
  if (isStepped) stepsOf(packed, transcoder, out)
  else transcoder.members(packed.buffer, packed.offset, 1, out)
  return decoder.decode(out.end())
}

const stepsOf = (packed: MsgpackWriter, transcoder: JsonTranscoder, out: MsgpackWriter): number => {
  let steps = 0
  for (const _ of transcoder.steps(packed.buffer, packed.offset, 1, out)) {
    // What others transcode between two steps changes nothing.
    byPass.members(other.buffer, other.offset, 1, new MsgpackWriter())
    steps++
  }
  return steps
}

const packedOf = (value: Json): MsgpackWriter => {
  const packed = new MsgpackWriter()
  packed.begin()
  packed.members({ value })
  return packed
}

const other = packedOf("\"other\" ".repeat(10))

const check = (value: Json, label = ""): void => {
  const packed = packedOf(value)
  const text = JSON.stringify({ value }).slice(1, -1).toWellFormed()
  const ways = [
    ["pass", byPass, false],
    ["no WebAssembly", withoutWebAssembly, false],
    ["steps", bySteps, true],
    ["steps without WebAssembly", withoutWebAssembly, true]
  ] as const
  for (const [name, transcoder, isStepped] of ways) {
    for (const pageBytes of [64, 64 * 1024]) {
      const found = transcoded(packed, transcoder, pageBytes, isStepped)
      // A message with both texts would be long.
      if (found !== text) assert.strictEqual(found.slice(0, 200), text.slice(0, 200), `${label} ${name}`)
    }
  }
}

const ascii = Array.from({ length: 0x80 }, (_, unit) => String.fromCharCode(unit)).join("")

describe("JsonTranscoder", () => {
  it("runs with WebAssembly here, so that both of its ways are tried", () => {
    assert.isDefined(TextPass.make())
  })

  it("asks again for a pass that could not be made because the stack was full", () => {
    let calls = 0
    const transcoder = new JsonTranscoder(() => {
      if (++calls === 1) throw new RangeError("Maximum call stack size exceeded")
      return TextPass.make()
    })
    const packed = new MsgpackWriter()
    packed.begin()
    packed.members({ text: "\n".repeat(100) })
    assert.throws(() => transcoded(packed, transcoder, 64), RangeError)
    for (let times = 0; times < 2; times++) {
      assert.strictEqual(transcoded(packed, transcoder, 64), `"text":${JSON.stringify("\n".repeat(100))}`)
    }
    assert.strictEqual(calls, 2)
  })

  it.prop(
    "writes what JSON.stringify writes for any JSON value",
    { values: Schema.Array(Schema.Json), texts: Schema.Array(Schema.String) },
    ({ texts, values }) => {
      const value = JsonSnapshot.take([values, texts, texts.join("\n").repeat(20)]).value ?? null
      check(value)
    }
  )

  it("writes numbers, empty values and keys as JSON.stringify does", () => {
    const integers = [0, 0x20, 0x80, 0x100, 0x8000, 0x1_0000, 0x8000_0000, 0x1_0000_0000, Number.MAX_SAFE_INTEGER]
    const numbers = integers.flatMap((limit) => [limit - 1, limit, -limit, -limit - 1])
    check([-0, 0.1, -1e300, 5e-324, 1e21, 1e-7, Number.NaN, Number.POSITIVE_INFINITY, ...numbers])
    check([{}, [], "", null, true, false, [[]], { "": {} }])
    check(JSON.parse("{\"__proto__\":{\"__proto__\":1},\"constructor\":[],\"2\":1,\"1\":2,\"\\\"\\n\":\"\"}"))
    for (const length of [15, 16, 65_536]) {
      check(Array.from({ length }, (_, i) => i & 1))
      check(Object.fromEntries(Array.from({ length }, (_, i) => [i, null])))
    }
  })

  it("writes each ASCII character, others and U+2028 at each offset of a turn", () => {
    for (let offset = 0; offset <= 48; offset++) {
      const before = "x".repeat(offset)
      check(`${before}${ascii}\u2028\u2029é世😀\ufeff${ascii}`, `offset ${offset}`)
    }
  })

  it("writes one escape at each place of texts of each length", () => {
    for (let length = 0; length <= 80; length++) {
      const texts = Array.from({ length: length + 1 }, (_, at) => `${"x".repeat(at)}\u001f${"é".repeat(length - at)}`)
      check([...texts, "\"".repeat(length), "y".repeat(length)], `length ${length}`)
    }
  })

  it("takes a step for each 64 KiB of long texts and of short values, however deep", () => {
    for (const value of ["x".repeat(1_000_000), Array.from({ length: 100 }, () => [{ x: "世\n".repeat(2_500) }])]) {
      const packed = packedOf(value)
      const out = new MsgpackWriter()
      out.begin()
      assert.approximately(stepsOf(packed, bySteps, out), packed.length / 65_536, 2)
    }
    const many = packedOf(Array.from({ length: 1_000 }, () => Array.from({ length: 500 }, (_, i) => i)))
    assert.approximately(stepsOf(many, bySteps, new MsgpackWriter()), many.length / 65_536, 2)
  })

  it("writes long texts whose characters and escapes cross the border of two pieces", () => {
    for (const unit of ["é", "世", "😀", "\n", "\u0000", "a\"b", "\ud800"]) {
      for (let more = -4; more <= 4; more++) {
        const before = "z".repeat(TextPass.mostBytes + more)
        check(`${before}${unit}${before}${unit.repeat(20)}`, `${JSON.stringify(unit)} ${more}`)
      }
    }
    for (const unit of ["\u0001", "世\n", "\""]) check(unit.repeat(100_000), JSON.stringify(unit))
  })
})
