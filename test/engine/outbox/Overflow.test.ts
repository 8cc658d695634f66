import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import * as Ledgers from "../../../src/domain/delivery/Ledger.ts"
import type { SpanRecord } from "../../../src/domain/span/SpanRecord.ts"
import * as AccountShares from "../../../src/engine/outbox/AccountShares.ts"
import type * as Overflow from "../../../src/engine/outbox/Overflow.ts"
import { ownAccount } from "../../../src/ports/Outbox.ts"
import { makeContext, makeRecord } from "../../domain/Records.ts"
import { makeRouter, measure } from "../Scene.ts"

const event = (name: string, account?: string): SpanRecord =>
  makeRecord({ context: makeContext({ kind: "task", name, account }), annotation: { input: "x".repeat(1_000) } })

const room = (events: number) => measure(event("0")) * events + 200

/** Events that end and ride on nothing; what they give back is run at once. */
const make = (
  overflow: Overflow.Policy,
  events: number,
  { shares }: { readonly shares: boolean } = { shares: false }
) => {
  const scene = makeRouter({
    maxBytes: room(events),
    overflow,
    watch: (budget) => shares ? AccountShares.make(budget) : budget
  })
  scene.weather.apm = false
  const drain = (account: string = ownAccount) => {
    const outbox = scene.outboxes.of(account)
    const names: Array<string> = []
    for (let item = outbox.take(); item !== undefined; item = outbox.take()) {
      names.push(item.record.context.name)
      outbox.settle(item)
      scene.ledger.deliveredIntake++
      scene.budget.release(item.record)
    }
    return names
  }
  const books = () => {
    const books = scene.ledger.snapshot()
    assert.isTrue(Ledgers.balances(books), JSON.stringify(books))
    return books
  }
  return {
    ...scene,
    books,
    drain,
    finish: (name: string, account?: string) => scene.router.finish(event(name, account), undefined)
  }
}

describe("Overflow", () => {
  it("drops a new event by default when memory is full, and keeps the waiting ones", () => {
    const { books, drain, finish } = make("dropNewest", 3)
    for (const name of ["1", "2", "3", "4", "5"]) assert.isUndefined(finish(name))
    assert.strictEqual(books().dropped.outboxFull, 2)
    assert.deepStrictEqual(drain(), ["1", "2", "3"])
  })

  it("replaces the oldest events under dropOldest", () => {
    const { books, budget, drain, finish } = make("dropOldest", 5)
    for (const name of ["1", "2", "3", "4", "5", "6", "7"]) assert.isUndefined(finish(name))
    assert.strictEqual(books().dropped.outboxFull, 2)
    assert.deepStrictEqual(drain(), ["3", "4", "5", "6", "7"])
    assert.strictEqual(budget.used(), 0)
    books()
  })

  it("keeps events that are being sent", () => {
    const { books, finish, outboxes } = make("dropOldest", 2)
    finish("1")
    finish("2")
    const lent = [outboxes.of(ownAccount).take()!, outboxes.of(ownAccount).take()!]
    finish("3")
    assert.strictEqual(books().dropped.outboxFull, 1)
    assert.deepStrictEqual(lent.map((item) => item.record.context.name), ["1", "2"])
  })

  it("replaces events of the new event's own account first, then of the largest account", () => {
    const { books, drain, finish } = make("dropOldest", 5)
    for (const name of ["a1", "a2", "a3"]) finish(name, "a")
    for (const name of ["b1", "b2"]) finish(name, "b")
    finish("b3", "b")
    finish("c1", "c")
    assert.strictEqual(books().dropped.outboxFull, 2)
    assert.deepStrictEqual([drain("a"), drain("b"), drain("c")], [["a2", "a3"], ["b2", "b3"], ["c1"]])
  })

  it("keeps the other events when a very large event has no room", () => {
    const { books, drain, router } = make("dropOldest", 3)
    router.finish(event("1"), undefined)
    router.finish(makeRecord({ annotation: { input: "x".repeat(10_000) } }), undefined)
    assert.strictEqual(books().dropped.outboxFull, 1)
    assert.deepStrictEqual(drain(), ["1"])
  })

  it("keeps the other accounts' events when an account's own share is used up", () => {
    const { books, drain, finish, outboxes } = make("dropOldest", 8, { shares: true })
    for (const name of ["a1", "a2"]) finish(name, "a")
    const lent = [outboxes.of("a").take()!, outboxes.of("a").take()!]
    for (const name of ["1", "2", "3", "4", "5", "6"]) finish(name)
    finish("a3", "a")
    assert.lengthOf(lent, 2)
    assert.strictEqual(books().dropped.outboxFull, 1)
    assert.deepStrictEqual(drain(), ["1", "2", "3", "4", "5", "6"])
  })

  it.effect("uses room that came free between the end of the span and its wait", () =>
    Effect.gen(function*() {
      const { books, drain, finish } = make("backpressure", 1)
      finish("1")
      const waits = finish("2")!
      drain()
      yield* waits
      assert.deepStrictEqual(drain(), ["2"])
      assert.strictEqual(Ledgers.dropped(books()), 0)
    }))

  it.effect("waits for room under backpressure, in the order of arrival", () =>
    Effect.gen(function*() {
      const { books, budget, drain, finish, overflow } = make("backpressure", 2)
      assert.isUndefined(finish("1"))
      assert.isUndefined(finish("2"))
      const fibers = []
      for (const name of ["3", "4"]) fibers.push(yield* Effect.forkChild(finish(name)!, { startImmediately: true }))
      assert.strictEqual(overflow.waiting(), 2)
      assert.deepStrictEqual(books().pending, { chunk: 2, payload: 0, outbox: 2 })
      assert.deepStrictEqual(drain(), ["1", "2", "3", "4"])
      yield* Fiber.joinAll(fibers)
      assert.strictEqual(overflow.waiting(), 0)
      assert.strictEqual(Ledgers.dropped(books()), 0)
      assert.strictEqual(budget.used(), 0)
    }))

  it.effect("places an event at once when room comes free, and lets its fiber go on afterwards", () =>
    Effect.gen(function*() {
      const { books, drain, finish, overflow } = make("backpressure", 1)
      finish("1")
      const steps: Array<string> = []
      const ends = Effect.andThen(finish("2")!, Effect.sync(() => steps.push("went on")))
      const fiber = yield* Effect.forkChild(ends, { startImmediately: true })
      assert.deepStrictEqual(drain(), ["1", "2"])
      assert.strictEqual(overflow.waiting(), 0)
      steps.push("made room")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(steps, ["made room", "went on"])
      assert.strictEqual(Ledgers.dropped(books()), 0)
    }))

  it.effect("waits for room no longer than its bound, and then counts the event as dropped", () =>
    Effect.gen(function*() {
      const { books, drain, finish } = make("backpressure", 1)
      finish("1")
      const fiber = yield* Effect.forkChild(finish("2")!, { startImmediately: true })
      yield* TestClock.adjust(999)
      assert.strictEqual(books().pending.chunk, 1)
      yield* TestClock.adjust(1)
      yield* Fiber.join(fiber)
      assert.strictEqual(books().dropped.outboxFull, 1)
      assert.deepStrictEqual(drain(), ["1"])
    }))

  it.effect("counts an event as dropped when its waiting fiber is interrupted, also in a finalizer", () =>
    Effect.gen(function*() {
      const { books, budget, drain, finish } = make("backpressure", 1)
      finish("1")
      const fiber = yield* Effect.forkChild(
        Effect.onExitPrimitive(Effect.void, () => finish("2")),
        { startImmediately: true }
      )
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(books().dropped.outboxFull, 1)
      drain()
      assert.strictEqual(budget.used(), 0)
      books()
    }))

  it("does not wait in a fiber that runs synchronously", () => {
    const { books, finish } = make("backpressure", 1)
    finish("1")
    Effect.runSync(finish("2")!)
    assert.strictEqual(books().dropped.outboxFull, 1)
  })

  it.effect("ends every wait when the layer closes, and counts the events as dropped", () =>
    Effect.gen(function*() {
      const { finish, ledger, overflow } = make("backpressure", 1)
      finish("1")
      const fiber = yield* Effect.forkChild(finish("2")!, { startImmediately: true })
      overflow.close()
      yield* Fiber.join(fiber)
      assert.strictEqual(overflow.waiting(), 1)
      assert.strictEqual(ledger.snapshot().dropped.outboxFull, 0)
    }))
})
