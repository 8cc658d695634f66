import { assert, describe, it } from "@effect/vitest"
import type { Retention } from "../../../src/domain/span/SpanContext.ts"
import * as ChunkAssembler from "../../../src/engine/chunk/ChunkAssembler.ts"
import * as RetentionHold from "../../../src/engine/chunk/RetentionHold.ts"
import * as LateRetention from "../../../src/engine/record/LateRetention.ts"

const make = () => {
  let woken = 0
  const hold = RetentionHold.make({ maxAgeMillis: 30_000 })
  const chunks = hold.around(
    ChunkAssembler.make({ minSpans: 300, maxAgeMillis: 30_000, emit: () => {} }),
    () => {
      woken++
    }
  )
  const released: Array<string> = []
  const wait = (retention: Retention | undefined, now: number, name: string) =>
    hold.wait(retention, now, () => released.push(name))
  return { hold, chunks, released, wait, woken: () => woken }
}

const late = () => LateRetention.make(() => ({ sampleRate: "1", samplingDecision: "1" }))

describe("the hold of events whose retention is open", () => {
  it("lets an event through that has nothing to wait for", () => {
    const { chunks, released, wait } = make()
    wait(undefined, 0, "no decision")
    const taken = late()
    LateRetention.freeze(taken)
    wait(taken, 0, "taken")
    assert.deepStrictEqual(released, ["no decision", "taken"])
    assert.strictEqual(chunks.records(), 0)
  })

  it("releases the events of a trace, in order, when its decision is taken, and counts them until then", () => {
    const { chunks, released, wait, woken } = make()
    const one = late()
    const other = late()
    wait(one, 0, "a")
    wait(other, 5, "b")
    wait(one, 10, "c")
    assert.strictEqual(chunks.records(), 3)
    assert.strictEqual(woken(), 2)
    LateRetention.freeze(one)
    assert.deepStrictEqual(released, ["a", "c"])
    assert.strictEqual(chunks.records(), 1)
  })

  it("takes the decision of a trace whose root does not end, after the deadline", () => {
    const { chunks, released, wait } = make()
    wait(late(), 1_000, "old")
    wait(late(), 5_000, "young")
    assert.strictEqual(chunks.sweep(2_000), 31_000)
    assert.deepStrictEqual(released, [])
    assert.strictEqual(chunks.sweep(31_000), 35_000)
    assert.deepStrictEqual(released, ["old"])
    assert.strictEqual(chunks.sweep(35_000), undefined)
    assert.strictEqual(chunks.records(), 0)
  })

  it("takes every decision when all is to be sent", () => {
    const { chunks, released, wait } = make()
    wait(late(), 0, "a")
    wait(late(), 0, "b")
    chunks.flush()
    assert.deepStrictEqual(released, ["a", "b"])
  })
})
