import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as BoundedLog from "../../../src/adapters/devagent/BoundedLog.ts"

describe("BoundedLog", () => {
  it("removes the oldest entries by number and by bytes, and counts them", () => {
    const log = BoundedLog.make<string>({ maxCount: 3, maxBytes: 10 })
    for (const entry of ["a", "b", "c", "d"]) {
      log.add(entry, 1)
    }
    assert.deepStrictEqual(log.all(), ["b", "c", "d"])
    log.add("e", 9)
    assert.deepStrictEqual(log.all(), ["d", "e"])
    assert.strictEqual(log.evicted(), 3)
  })

  it("does not hold an entry larger than itself", () => {
    const log = BoundedLog.make<string>({ maxCount: 3, maxBytes: 10 })
    log.add("huge", 11)
    log.add("small", 1)
    assert.deepStrictEqual(log.all(), ["small"])
    assert.strictEqual(log.evicted(), 1)
  })

  it("forgets every entry on clear", () => {
    const log = BoundedLog.make<string>({ maxCount: 1, maxBytes: 10 })
    log.add("a", 10)
    log.add("b", 10)
    log.clear()
    assert.deepStrictEqual(log.all(), [])
    assert.strictEqual(log.evicted(), 0)
    log.add("c", 10)
    assert.deepStrictEqual(log.all(), ["c"])
  })

  it.prop(
    "stays within its bounds and counts every entry it removes",
    { sizes: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 12 }))) },
    ({ sizes }) => {
      const log = BoundedLog.make<number>({ maxCount: 4, maxBytes: 20 })
      for (const size of sizes) {
        log.add(size, size)
      }
      const held = log.all()
      assert.isAtMost(held.length, 4)
      assert.isAtMost(held.reduce((sum, size) => sum + size, 0), 20)
      assert.strictEqual(held.length + log.evicted(), sizes.length)
      assert.deepStrictEqual(held, sizes.slice(sizes.length - held.length))
    }
  )
})
