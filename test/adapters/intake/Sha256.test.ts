import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as Crypto from "node:crypto"
import * as Sha256 from "../../../src/adapters/intake/Sha256.ts"

describe("Sha256", () => {
  it.prop("gives the digest that Node gives", { text: Schema.String, times: Schema.Int }, ({ text, times }) => {
    const message = text.repeat(Math.abs(times) % 40)
    assert.strictEqual(Sha256.hex(message), Crypto.createHash("sha256").update(message).digest("hex"))
  })

  for (const length of [0, 55, 56, 63, 64, 65, 119, 120]) {
    it(`pads a message of ${length} bytes as Node does`, () => {
      const message = "a".repeat(length)
      assert.strictEqual(Sha256.hex(message), Crypto.createHash("sha256").update(message).digest("hex"))
    })
  }
})
