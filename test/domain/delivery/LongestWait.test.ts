import { assert, describe, it } from "@effect/vitest"
import * as LongestWait from "../../../src/domain/delivery/LongestWait.ts"

describe("LongestWait", () => {
  it("bounds a wait to the 31 bits of a timer, and reads NaN as no wait", () => {
    const table = [[5, 5], [0, 0], [-1, 0], [2_147_483_647, 2_147_483_647], [2_147_483_648, 2_147_483_647]] as const
    for (const [wait, bounded] of table) assert.strictEqual(LongestWait.bounded(wait), bounded)
    assert.strictEqual(LongestWait.bounded(Infinity), 2_147_483_647)
    assert.strictEqual(LongestWait.bounded(Number.NaN), 0)
  })
})
