import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as SpanId from "../../../src/domain/span/SpanId.ts"

describe("SpanId", () => {
  const decimals: ReadonlyArray<readonly [string, string | undefined]> = [
    ["1", "0000000000000001"],
    ["15", "000000000000000f"],
    ["0042", "000000000000002a"],
    ["18446744073709551615", "ffffffffffffffff"],
    ["18446744073709551616", undefined],
    ["99999999999999999999", undefined],
    ["0", undefined],
    ["", undefined],
    ["-1", undefined],
    ["1.5", undefined],
    [" 1", undefined],
    ["1\n", undefined],
    ["0x10", undefined],
    ["undefined", undefined],
    ["9".repeat(16_384), undefined]
  ]
  for (const [text, id] of decimals) {
    it(`reads decimal ids up to 2^64-1 and nothing else: ${JSON.stringify(text.slice(0, 30))}`, () => {
      assert.strictEqual(SpanId.fromDecimal(text), id, text.slice(0, 30))
    })
  }

  it("reads short and upper-case hex", () => {
    assert.strictEqual(SpanId.fromHex("ABC"), "0000000000000abc")
    assert.strictEqual(SpanId.fromHex("00000000000000000"), undefined)
    assert.strictEqual(SpanId.fromHex("0"), undefined)
    assert.strictEqual(SpanId.fromHex("xyz"), undefined)
  })

  for (const bad of ["", "ff", "00000000000000FF", SpanId.zero, "00000000000000fg", "00000000000000ff\n"]) {
    it(`refuses an id that is not sixteen lower-case hex characters, or is all zero: ${JSON.stringify(bad)}`, () => {
      assert.isFalse(SpanId.isValid(bad), bad)
    })
  }

  for (const bad of ["", " ", "f\n", "f\ufeff", " f", "0x1", "+1", "1n", "fg", "00000000000000001"]) {
    it(`has no decimal text but zero for what is not hex: ${JSON.stringify(bad)}`, () => {
      assert.strictEqual(SpanId.toDecimal(bad), "0")
    })
  }

  it("accepts sixteen lower-case hex characters", () => {
    assert.isTrue(SpanId.isValid("00000000000000ff"))
  })

  it.prop("reads its own decimal back unchanged", [Schema.BigInt], ([n]) => {
    const id = BigInt.asUintN(64, n).toString(16).padStart(16, "0")
    assert.strictEqual(SpanId.toHex16(SpanId.toDecimal(id)), id)
  })
})
