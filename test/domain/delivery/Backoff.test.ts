import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as Backoff from "../../../src/domain/delivery/Backoff.ts"

describe("Backoff", () => {
  it("doubles its bound from 0.1 s to 30 s", () => {
    const bounds = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 1_000].map((failures) => Backoff.delay(failures, 1))
    assert.deepStrictEqual(bounds, [
      100,
      200,
      400,
      800,
      1_600,
      3_200,
      6_400,
      12_800,
      25_600,
      30_000,
      30_000,
      30_000
    ])
  })

  it("spreads waits over the whole bound", () => {
    assert.strictEqual(Backoff.delay(3, 0), 0)
    assert.strictEqual(Backoff.delay(3, 0.25), 100)
  })

  it("waits as long as the receiver asked, and spreads beyond it", () => {
    assert.strictEqual(Backoff.delay(1, 0, 5_000), 5_000)
    assert.strictEqual(Backoff.delay(1, 0.5, 5_000), 5_050)
  })

  it.prop("keeps a wait between the receiver's delay and 30 s more", [Schema.Int, Schema.Finite], ([failures, n]) => {
    const delay = Backoff.delay(failures, Math.abs(n) % 1, 1_000)
    assert.isTrue(delay >= 1_000 && delay <= 31_000)
  })
})
