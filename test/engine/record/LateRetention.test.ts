import { assert, describe, it } from "@effect/vitest"
import * as LateRetention from "../../../src/engine/record/LateRetention.ts"

const kept = { sampleRate: "1", samplingDecision: "1" } as const
const dropped = { sampleRate: "0", samplingDecision: "0" } as const

describe("a late retention decision", () => {
  it("is taken once, by whoever reads it first", () => {
    let tier = "gold"
    let asked = 0
    const late = LateRetention.make(() => {
      asked++
      return tier === "gold" ? kept : dropped
    })
    tier = "free"
    assert.isTrue(LateRetention.isOpen(late))
    assert.strictEqual(late.samplingDecision, "0")
    tier = "gold"
    assert.deepStrictEqual({ ...late }, dropped)
    assert.isFalse(LateRetention.isOpen(late))
    LateRetention.freeze(late)
    assert.strictEqual(asked, 1)
  })

  it("is written into JSON as the plain decision", () => {
    const late = LateRetention.make(() => kept)
    assert.strictEqual(
      JSON.stringify({ retention: late }),
      "{\"retention\":{\"sampleRate\":\"1\",\"samplingDecision\":\"1\"}}"
    )
  })

  it("tells those who wait for it, and those who come too late at once", () => {
    const late = LateRetention.make(() => kept)
    const told: Array<string> = []
    LateRetention.whenTaken(late, () => told.push("waited"))
    assert.deepStrictEqual(told, [])
    LateRetention.freeze(late)
    LateRetention.whenTaken(late, () => told.push("late"))
    LateRetention.whenTaken(kept, () => told.push("plain"))
    assert.deepStrictEqual(told, ["waited", "late", "plain"])
    assert.isFalse(LateRetention.isOpen(kept))
  })
})
