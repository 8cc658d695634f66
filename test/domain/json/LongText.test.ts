import { assert, describe, it } from "@effect/vitest"
import * as V8 from "node:v8"
import * as Vm from "node:vm"
import * as JsonSnapshot from "../../../src/domain/json/JsonSnapshot.ts"
import * as LongText from "../../../src/domain/json/LongText.ts"

const collected = (): number => {
  V8.setFlagsFromString("--expose-gc")
  const gc = Vm.runInNewContext("gc") as () => void
  gc()
  return process.memoryUsage().heapUsed
}

describe("LongText", () => {
  it("finds the one length to which the longest texts must be cut", () => {
    assert.strictEqual(LongText.commonLevel([100, 80, 10], 60, 5), 60)
    assert.strictEqual(LongText.commonLevel([100, 80, 10], 20, 5), 80)
    assert.strictEqual(LongText.commonLevel([100], 96, 5), undefined)
  })

  it("keeps a head of three quarters and a tail of one quarter", () => {
    assert.deepStrictEqual(LongText.headAndTail("abcdefghijkl", 8), ["abcdef", "kl"])
    assert.deepStrictEqual(LongText.headAndTail("abcdefghijkl", 0), ["", ""])
  })

  it("cuts between characters in the head and in the tail", () => {
    assert.deepStrictEqual(LongText.headAndTail("ab😀cd", 3), ["ab", ""])
    assert.deepStrictEqual(LongText.headAndTail("aaaaaaaaaa😀xyz", 16), ["aaaaaaaaaa😀", "xyz"])
    assert.deepStrictEqual(LongText.headAndTail("abcdef😀x", 8), ["abcdef", "x"])
  })

  it("releases the memory of the text that was cut", () => {
    const limits = { ...JsonSnapshot.defaultLimits, characters: 200 }
    const before = collected()
    const kept: Array<unknown> = []
    for (let i = 0; i < 200; i++) {
      kept.push(JsonSnapshot.take(String.fromCharCode(97 + i % 26).repeat(300_000), limits).value)
    }
    const held = collected() - before
    assert.lengthOf(kept, 200)
    assert.isBelow(held, 5_000_000)
  })
})
