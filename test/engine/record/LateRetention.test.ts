import { assert, describe, it } from "@effect/vitest"
import * as LateRetention from "../../../src/engine/record/LateRetention.ts"
import type { PendingRecord } from "../../../src/ports/LateRetention.ts"
import { makeRecord } from "../../domain/Records.ts"

const kept = { sampleRate: "1", samplingDecision: "1" } as const
const dropped = { sampleRate: "0", samplingDecision: "0" } as const

const pending = (retention: PendingRecord["context"]["retention"]): PendingRecord => {
  const record = makeRecord()
  return { ...record, context: { ...record.context, retention } }
}

describe("LateRetention", () => {
  it("decides once, by the tags at the moment it is frozen", () => {
    let tier = "gold"
    let asked = 0
    const late = LateRetention.make(() => {
      asked++
      return tier === "gold" ? kept : dropped
    })
    tier = "free"
    assert.isTrue(LateRetention.isOpen(late))
    assert.isUndefined(late.taken)
    assert.strictEqual(LateRetention.freeze(late), dropped)
    tier = "gold"
    assert.strictEqual(LateRetention.freeze(late), dropped)
    assert.strictEqual(late.taken, dropped)
    assert.isFalse(LateRetention.isOpen(late))
    assert.strictEqual(asked, 1)
  })

  it("calls waiting listeners when it is frozen, and later ones at once", () => {
    const late = LateRetention.make(() => kept)
    const told: Array<string> = []
    late.whenTaken(() => told.push("waited"))
    assert.deepStrictEqual(told, [])
    LateRetention.freeze(late)
    late.whenTaken(() => told.push("late"))
    assert.deepStrictEqual(told, ["waited", "late"])
  })

  it("treats a plain or missing retention as closed", () => {
    assert.isFalse(LateRetention.isOpen(kept))
    assert.isFalse(LateRetention.isOpen(undefined))
    assert.strictEqual(LateRetention.freeze(kept), kept)
    assert.isUndefined(LateRetention.freeze(undefined))
  })

  it("writes the plain value into a closed record, which stays the same object", () => {
    const record = pending(LateRetention.make(() => kept))
    const closed = LateRetention.close(record)
    assert.strictEqual(closed, record)
    assert.strictEqual(closed.context.retention, kept)
    const plain = pending(dropped)
    assert.strictEqual(LateRetention.close(plain).context.retention, dropped)
  })

  it("leaves an open retention out of a copy, and stays open", () => {
    const late = LateRetention.make(() => kept)
    const record = pending(late)
    assert.isUndefined(LateRetention.copy(record).context.retention)
    assert.isTrue(LateRetention.isOpen(late))
    assert.strictEqual(record.context.retention, late)
    LateRetention.freeze(late)
    assert.strictEqual(LateRetention.copy(record).context.retention, kept)
  })

  it("does not hold content in a copy that the record holds in another form by now", () => {
    const record = pending(LateRetention.make(() => kept))
    const copy = LateRetention.copy(record)
    Object.assign(record, { annotation: { bytes: 1, input: "packed" }, prompt: { id: "prompt" } })
    assert.strictEqual(copy.annotation, record.annotation)
    assert.strictEqual(copy.prompt, record.prompt)
  })
})
