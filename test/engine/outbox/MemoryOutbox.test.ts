import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import * as MemoryOutbox from "../../../src/engine/outbox/MemoryOutbox.ts"
import type { Item } from "../../../src/ports/Outbox.ts"
import { record } from "../Scene.ts"

const at = { now: 5, uncertain: false }

describe("MemoryOutbox", () => {
  it("lends the oldest event first, and remembers when and how it came", () => {
    const outbox = MemoryOutbox.make()
    const [a, b] = [record(), record()]
    outbox.offer(a, at)
    outbox.offer(b, { now: 6, uncertain: true })
    assert.deepStrictEqual(outbox.take(), { record: a, offeredAt: 5, uncertain: false })
    assert.deepStrictEqual(outbox.take(), { record: b, offeredAt: 6, uncertain: true })
    assert.isUndefined(outbox.take())
  })

  it("counts a lent event until it is settled", () => {
    const outbox = MemoryOutbox.make()
    const a = record()
    outbox.offer(a, at)
    assert.strictEqual(outbox.waitingBytes(), a.bytes)
    const item = outbox.take()!
    assert.strictEqual(outbox.waitingBytes(), 0)
    assert.strictEqual(outbox.size(), 1)
    outbox.settle(item)
    assert.strictEqual(outbox.size(), 0)
  })

  it("puts a returned event in front", () => {
    const outbox = MemoryOutbox.make()
    const [a, b, c] = [record(), record(), record()]
    for (const one of [a, b, c]) outbox.offer(one, at)
    const [first, second] = [outbox.take()!, outbox.take()!]
    outbox.restore(second)
    outbox.restore(first)
    assert.deepStrictEqual([outbox.take()!.record, outbox.take()!.record, outbox.take()!.record], [a, b, c])
  })

  it("refuses the newest event when its own bound is reached, lent events included", () => {
    const [a, b] = [record(), record()]
    const outbox = MemoryOutbox.make({ maxBytes: a.bytes })
    assert.isTrue(outbox.offer(a, at))
    const item = outbox.take()!
    assert.isFalse(outbox.offer(b, at))
    assert.strictEqual(outbox.size(), 1)
    outbox.settle(item)
    assert.isTrue(outbox.offer(b, at))
  })

  const steps = Arbitrary.array(Arbitrary.schema(Schema.Literals(["offer", "offer", "take", "restore", "settle"])), {
    maxLength: 200
  })

  it.prop("behaves like a plain list", [steps], ([steps]) => {
    const outbox = MemoryOutbox.make()
    let waiting: Array<unknown> = []
    const lent: Array<Item> = []
    const one = record()
    for (const step of steps) {
      if (step === "offer") {
        const made = { ...one }
        outbox.offer(made, at)
        waiting.push(made)
      } else if (step === "take") {
        const item = outbox.take()
        assert.strictEqual(item?.record, waiting[0])
        waiting = waiting.slice(1)
        if (item !== undefined) lent.push(item)
      } else {
        const item = lent.pop()
        if (item === undefined) continue
        if (step === "restore") {
          outbox.restore(item)
          waiting.unshift(item.record)
        } else outbox.settle(item)
      }
      assert.strictEqual(outbox.size(), waiting.length + lent.length)
      assert.strictEqual(outbox.waitingBytes(), waiting.length * one.bytes)
    }
  }, { arbitrary: { runs: 300 } })

  it("takes a burst of 200,000 events and returns them in linear time", () => {
    const outbox = MemoryOutbox.make()
    const one = record()
    for (let i = 0; i < 200_000; i++) outbox.offer(one, { now: i, uncertain: false })
    for (let i = 0; i < 200_000; i++) {
      const item = outbox.take()!
      if (item.offeredAt !== i) assert.strictEqual(item.offeredAt, i)
      if (i % 3 === 0) {
        outbox.restore(item)
        outbox.take()
      }
      outbox.settle(item)
    }
    assert.strictEqual(outbox.size(), 0)
  })
})
