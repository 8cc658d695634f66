import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as JsonSnapshot from "../../../src/domain/json/JsonSnapshot.ts"
import * as JsonText from "../../../src/domain/json/JsonText.ts"
import * as HostileValue from "../HostileValue.ts"

const text = (u: unknown) => JsonText.fromUnknown(u).value

describe("JsonText", () => {
  const texts: ReadonlyArray<readonly [unknown, string | undefined]> = [
    ["", ""],
    ["plain", "plain"],
    [0, "0"],
    [1.5, "1.5"],
    [false, "false"],
    [null, "null"],
    [[], "[]"],
    [{}, "{}"],
    [{ b: 1, a: { z: [1, 2.5, null, true] } }, "{\"b\":1,\"a\":{\"z\":[1,2.5,null,true]}}"],
    [{ kéy: "世界 😀" }, "{\"kéy\":\"世界 😀\"}"],
    [NaN, "NaN"],
    [{ n: -Infinity }, "{\"n\":\"-Infinity\"}"],
    [undefined, undefined]
  ]
  for (const [value, expected] of texts) {
    it(`keeps a text, and gives the compact JSON text of any other value: ${JSON.stringify(expected)}`, () => {
      assert.strictEqual(text(value), expected)
    })
  }

  it("keeps structure that would be too deep inside an event as text", () => {
    let deep: unknown = 1
    for (let i = 0; i < 30; i++) deep = { n: deep }
    assert.strictEqual(text(deep), JSON.stringify(deep))
  })

  it.prop("never gives a bound below the size of the text inside another JSON", [HostileValue.arbitrary], ([value]) => {
    const { bytes, value: text } = JsonText.fromUnknown(value)
    if (text !== undefined) assert.isAtLeast(bytes, Buffer.byteLength(JSON.stringify(text)))
  }, { arbitrary: { runs: 1_000 } })

  it.prop("measures the same length as JSON.stringify and UTF-8 give", [HostileValue.arbitrary], ([value]) => {
    const copy = JsonSnapshot.take(value).value
    if (copy !== undefined) assert.strictEqual(JsonText.byteLength(copy), Buffer.byteLength(JSON.stringify(copy)))
  }, { arbitrary: { runs: 1_000 } })

  it.prop("measures any text exactly", [
    Schema.String,
    Schema.Array(Schema.Int.check(Schema.isBetween({
      minimum: 0,
      maximum: 0xffff
    })))
  ], ([text, units]) => {
    for (const s of [text, String.fromCharCode(...units)]) {
      assert.strictEqual(JsonText.byteLength(s), Buffer.byteLength(JSON.stringify(s)))
    }
  })

  it("measures an event's values that JSON lacks: bigints, and undefined that is left out", () => {
    assert.strictEqual(
      JsonText.byteLength({ start_ns: 1787299200123456789n }),
      "{\"start_ns\":1787299200123456789}".length
    )
    assert.strictEqual(JsonText.byteLength({ a: undefined, b: [undefined] }), "{\"b\":[null]}".length)
  })
})
