import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import * as EscapedBytes from "../../../src/domain/json/EscapedBytes.ts"

const utf8 = new TextEncoder()

const jsonSize = (text: string): number => utf8.encode(JSON.stringify(text)).byteLength - 2

const repeat = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 3_000 }))
const most = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 12_000 }))
const texts = Arbitrary.all([Arbitrary.schema(Schema.String), Arbitrary.schema(repeat)])

describe("EscapedBytes", () => {
  it.prop("counts what JSON.stringify writes", [texts], ([[part, times]]) => {
    const text = `${part}é世😀\u0001\n"`.repeat(times).toWellFormed()
    const bytes = utf8.encode(`-${text}-`)
    assert.strictEqual(EscapedBytes.size(bytes, 1, bytes.byteLength - 1), jsonSize(text))
  }, { arbitrary: { runs: 20 } })

  it.prop("finds the longest head and tail of whole characters that fit", [texts, most], ([[part, times], most]) => {
    const characters = Array.from(`${part}é世😀\u0001\n"`.repeat(times).slice(0, 12_000).toWellFormed())
    const bytes = utf8.encode(characters.join(""))
    const longest = (given: ReadonlyArray<string>): number => {
      let [length, left] = [0, most]
      for (const character of given) {
        left -= jsonSize(character)
        if (left < 0) break
        length += utf8.encode(character).byteLength
      }
      return length
    }
    const [end, headSize] = EscapedBytes.head(bytes, 0, bytes.byteLength, most)
    assert.strictEqual(end, longest(characters))
    assert.strictEqual(headSize, EscapedBytes.size(bytes, 0, end))
    const [start, tailSize] = EscapedBytes.tail(bytes, 0, bytes.byteLength, most)
    assert.strictEqual(bytes.byteLength - start, longest(characters.toReversed()))
    assert.strictEqual(tailSize, EscapedBytes.size(bytes, start, bytes.byteLength))
  }, { arbitrary: { runs: 20 } })
})
