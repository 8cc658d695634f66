import { assert, describe, it } from "@effect/vitest"
import * as ByteBudget from "../../../src/engine/outbox/ByteBudget.ts"
import { measure, record } from "../Scene.ts"

describe("ByteBudget", () => {
  it("refuses an event without room, and has room again after a release", () => {
    const [a, b] = [record(1_000), record(1_000)]
    const budget = ByteBudget.make({ limit: measure(a) + 10, measure })
    assert.isTrue(budget.reserve(a))
    assert.isFalse(budget.reserve(b))
    budget.release(a)
    assert.strictEqual(budget.used(), 0)
    assert.isTrue(budget.reserve(b))
  })

  it("releases an event once, and ignores an event that it does not hold", () => {
    const [a, b] = [record(), record()]
    const budget = ByteBudget.make({ limit: 1_000_000, measure })
    budget.reserve(a)
    budget.release(b)
    assert.strictEqual(budget.used(), measure(a))
    budget.release(a)
    budget.release(a)
    assert.strictEqual(budget.used(), 0)
  })

  it("holds content of open spans up to three quarters, beside events", () => {
    const one = record(1_000)
    const budget = ByteBudget.make({ limit: 10_000, measure })
    assert.isFalse(budget.hold(7_501, undefined))
    budget.reserve(one)
    assert.isTrue(budget.hold(7_500, undefined))
    assert.isFalse(budget.hold(1, undefined))
    assert.isAtMost(budget.used(), 10_000)
    budget.free(7_500, undefined)
    budget.release(one)
    assert.strictEqual(budget.used(), 0)
  })

  it("grants content of open spans a quarter without room, in which no event has a place", () => {
    const [a, b] = [record(1_000), record(10)]
    const budget = ByteBudget.make({ limit: measure(a), measure })
    budget.reserve(a)
    assert.isTrue(budget.hold(Math.floor(measure(a) / 4), undefined))
    assert.isFalse(budget.hold(1, undefined))
    assert.isFalse(budget.reserve(b))
    budget.free(Math.floor(measure(a) / 4), undefined)
    assert.strictEqual(budget.used(), measure(a))
  })
})
