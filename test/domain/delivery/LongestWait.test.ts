import { assert, describe, it } from "@effect/vitest"
import * as LongestWait from "../../../src/domain/delivery/LongestWait.ts"

describe("LongestWait", () => {
  it.each([
    [5, 5],
    [0, 0],
    [-1, 0],
    [2_147_483_647, 2_147_483_647],
    [2_147_483_648, 2_147_483_647],
    [Infinity, 2_147_483_647],
    [Number.NaN, 0]
  ])("bounds a wait to the 31 bits of a timer: %s is %s", (wait, bounded) => {
    assert.strictEqual(LongestWait.bounded(wait), bounded)
  })
})
