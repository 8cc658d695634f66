import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as HexText from "../../../src/domain/span/HexText.ts"

describe("HexText", () => {
  it.prop(
    "reads the word of any hex characters inside a text, in either case",
    [Schema.BigInt, Schema.Int],
    ([n, at]) => {
      const hex = BigInt.asUintN(32, n).toString(16).padStart(8, "0")
      const before = "z".repeat(Math.abs(at) % 9)
      assert.strictEqual(HexText.word(before + hex, before.length, 8), Number.parseInt(hex, 16))
      assert.strictEqual(HexText.word(hex.toUpperCase(), 0, 8), Number.parseInt(hex, 16))
    }
  )

  for (const bad of ["0000000g", "-0000001", "0x000001", "000000 1", "000000ｆ1", "0000000"]) {
    it(`reads no word where a character is not hex, or is missing: ${JSON.stringify(bad)}`, () => {
      assert.isUndefined(HexText.word(bad, 0, 8))
    })
  }
})
