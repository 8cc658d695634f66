import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Ledgers from "../../src/domain/Ledger.ts"
import * as Ledger from "../../src/engine/Ledger.ts"
import * as RelayOutbox from "../../src/engine/RelayOutbox.ts"

const events = (count: number) => Array.from({ length: count }, (_, index) => ({ bytes: new Uint8Array([index]) }))

const setUp = () => {
  const ledger = Ledger.make()
  let ready = 0
  const relay = RelayOutbox.make({
    ledger,
    onReady: () => {
      ready++
    }
  })
  ledger.attach({ outbox: relay.outbox.size })
  return { ...relay, ledger, ready: () => ready }
}

const start = (effect: Effect.Effect<void>) => Effect.forkDetach(effect, { startImmediately: true })

const deliver = ({ ledger, outbox }: ReturnType<typeof setUp>): boolean => {
  const item = outbox.take()
  if (item === undefined) return false
  outbox.settle(item)
  ledger.deliveredIntake++
  return true
}

describe("RelayOutbox", () => {
  it.effect("holds a batch until the last of its events is settled", () =>
    Effect.gen(function*() {
      const relay = setUp()
      const held = yield* start(relay.hold(events(2), 0, 1))
      assert.strictEqual(relay.ready(), 1)
      deliver(relay)
      assert.isUndefined(held.pollUnsafe())
      assert.strictEqual(relay.outbox.size(), 1)
      deliver(relay)
      yield* Fiber.join(held)
      assert.strictEqual(relay.outbox.size(), 0)
    }))

  it.effect("is done at once with a batch without events", () => setUp().hold([], 0, 1))

  it.effect("counts what a dead relay had before as redelivered, and as possibly there twice", () =>
    Effect.gen(function*() {
      const relay = setUp()
      yield* start(relay.hold(events(3), 0, 2))
      const books = relay.ledger.snapshot()
      assert.strictEqual(books.redelivered, 3)
      assert.strictEqual(books.possibleDuplicates, 3)
      assert.isTrue(relay.outbox.take()?.uncertain)
    }))

  it.effect("gives back what is left of a batch, and counts what of it will arrive again", () =>
    Effect.gen(function*() {
      const relay = setUp()
      const held = yield* start(relay.hold(events(5), 0, 1))
      deliver(relay)
      deliver(relay)
      yield* Fiber.interrupt(held)
      const books = relay.ledger.snapshot()
      assert.strictEqual(books.transferred, 3)
      assert.strictEqual(books.possibleDuplicates, 2)
      assert.strictEqual(relay.outbox.size(), 0)
      assert.isTrue(Ledgers.balances(books))
    }))

  const Schedule = Schema.Array(Schema.Struct({
    step: Schema.Literals(["hold", "hold", "deliver", "deliver", "deliver", "lend", "restore", "interrupt"]),
    events: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 5 }))
  }))

  it.effect.prop(
    "keeps its books balanced, whatever comes in which order",
    [Schedule],
    ([schedule]) =>
      Effect.gen(function*() {
        const relay = setUp()
        const held: Array<Fiber.Fiber<void>> = []
        let interrupted = false
        for (const { events: count, step } of schedule) {
          // A relay takes nothing out of its outbox after it gave a batch back: it ends.
          if (interrupted) break
          switch (step) {
            case "hold":
              held.push(yield* start(relay.hold(events(count), 0, 1 + (count % 2))))
              break
            case "deliver":
              deliver(relay)
              break
            case "lend":
              relay.outbox.take()
              break
            case "restore": {
              const item = relay.outbox.take()
              if (item !== undefined) relay.outbox.restore(item)
              break
            }
            case "interrupt":
              yield* Fiber.interruptAll(held)
              interrupted = true
              assert.strictEqual(relay.outbox.size(), 0)
          }
          assert.isTrue(Ledgers.balances(relay.ledger.snapshot()))
        }
      })
  )
})
