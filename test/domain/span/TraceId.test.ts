import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as TraceId from "../../../src/domain/span/TraceId.ts"

describe("TraceId", () => {
  it("splits into the half of the payload and the half of _dd.p.tid, and joins again", () => {
    const id = "64f0ab12000000001234567890abcdef"
    assert.strictEqual(TraceId.low64(id), "1234567890abcdef")
    assert.strictEqual(TraceId.high64(id), "64f0ab1200000000")
    assert.strictEqual(TraceId.fromHalves(TraceId.high64(id), TraceId.low64(id)), id)
    assert.strictEqual(TraceId.fromHalves(undefined, "1234567890abcdef"), "00000000000000001234567890abcdef")
  })

  it("consists of seconds, eight zeros and a random half, and is always valid", () => {
    assert.strictEqual(TraceId.fromParts(0x64f0ab12, "1234567890abcdef"), "64f0ab12000000001234567890abcdef")
    for (const seconds of [Number.NaN, -1, 0, 1.5, 2 ** 40, Infinity]) {
      for (const random of ["", "0", "zz", TraceId.zeroHalf, "FFFFFFFFFFFFFFFF", "f".repeat(40)]) {
        assert.isTrue(TraceId.isValid(TraceId.fromParts(seconds, random)), `${seconds} ${random}`)
      }
    }
  })

  it("reads decimals up to 2^128-1 and nothing else", () => {
    assert.strictEqual(TraceId.fromDecimal("340282366920938463463374607431768211455"), "f".repeat(32))
    assert.strictEqual(TraceId.fromDecimal("340282366920938463463374607431768211456"), undefined)
    for (const bad of ["", "0", "-1", "1e3", "12 ", "9".repeat(16_384)]) {
      assert.strictEqual(TraceId.fromDecimal(bad), undefined, bad.slice(0, 20))
    }
  })

  it.prop("reads its own decimal back unchanged", [Schema.BigInt], ([n]) => {
    const value = BigInt.asUintN(128, n)
    const id = value.toString(16).padStart(32, "0")
    assert.strictEqual(TraceId.toDecimal(id), value.toString())
    assert.strictEqual(TraceId.fromDecimal(value.toString()), value === 0n ? undefined : id)
  })
})
