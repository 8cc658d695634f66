import { assert, describe, it } from "@effect/vitest"
import * as ChunkAssembler from "../../../src/engine/chunk/ChunkAssembler.ts"
import * as RetentionHold from "../../../src/engine/chunk/RetentionHold.ts"
import * as LateRetentions from "../../../src/engine/record/LateRetention.ts"
import type * as LateRetention from "../../../src/ports/LateRetention.ts"
import { makeRecord } from "../../domain/Records.ts"

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
  const wait = (retention: LateRetention.LateRetention | undefined, now: number, name: string) => {
    const record = makeRecord()
    hold.wait({ ...record, context: { ...record.context, retention } }, now, ({ context }) => {
      assert.isFalse(LateRetentions.isOpen(context.retention))
      released.push(name)
    })
  }
  return { hold, chunks, released, wait, woken: () => woken }
}

const late = () => LateRetentions.make(() => ({ sampleRate: "1", samplingDecision: "1" }))

describe("RetentionHold", () => {
  it("releases an event at once when its retention decision is plain or already frozen", () => {
    const { hold, released, wait } = make()
    wait(undefined, 0, "no decision")
    const taken = late()
    LateRetentions.freeze(taken)
    wait(taken, 0, "taken")
    assert.deepStrictEqual(released, ["no decision", "taken"])
    assert.strictEqual(hold.records(), 0)
  })

  it("releases a trace's events in order when its decision is frozen, and counts them until then", () => {
    const { hold, released, wait, woken } = make()
    const one = late()
    const other = late()
    wait(one, 0, "a")
    wait(other, 5, "b")
    wait(one, 10, "c")
    assert.strictEqual(hold.records(), 3)
    assert.strictEqual(woken(), 2)
    LateRetentions.freeze(one)
    assert.deepStrictEqual(released, ["a", "c"])
    assert.strictEqual(hold.records(), 1)
  })

  it("freezes the decision of a trace at the deadline when its root does not end", () => {
    const { chunks, hold, released, wait } = make()
    wait(late(), 1_000, "old")
    wait(late(), 5_000, "young")
    assert.strictEqual(chunks.sweep(2_000), 31_000)
    assert.deepStrictEqual(released, [])
    assert.strictEqual(chunks.sweep(31_000), 35_000)
    assert.deepStrictEqual(released, ["old"])
    assert.strictEqual(chunks.sweep(35_000), undefined)
    assert.strictEqual(hold.records(), 0)
  })

  it("freezes every decision on a flush", () => {
    const { chunks, released, wait } = make()
    wait(late(), 0, "a")
    wait(late(), 0, "b")
    chunks.flush()()
    assert.deepStrictEqual(released, ["a", "b"])
  })
})
