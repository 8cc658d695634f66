import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Ledgers from "../../../src/domain/delivery/Ledger.ts"
import * as Ledger from "../../../src/engine/books/Ledger.ts"
import * as RelayOutbox from "../../../src/engine/outbox/RelayOutbox.ts"
import type { Outcome } from "../../../src/ports/Transport.ts"
import * as RelayTrial from "./RelayTrial.ts"

const batch = (events: number, attempts = 1, resent = 0): RelayOutbox.Batch => ({
  id: "batch",
  events: Array.from({ length: events }, (_, index) => ({ bytes: new Uint8Array([index]) })),
  offeredAt: 0,
  attempts,
  resent
})

const setUp = (options: { readonly beforeDone?: Effect.Effect<void>; readonly noted?: boolean } = {}) => {
  const ledger = Ledger.make()
  const notes: Array<number> = []
  let ready = 0
  const relay = RelayOutbox.make({
    ledger,
    onReady: () => {
      ready++
    },
    note: (_, events) =>
      Effect.sync(() => {
        notes.push(events)
        return options.noted ?? true
      }),
    beforeDone: options.beforeDone ?? Effect.void
  })
  ledger.attach({ outbox: relay.outbox.size })
  return { ...relay, ledger, notes, ready: () => ready }
}

const start = (effect: Effect.Effect<void>) => Effect.forkDetach(effect, { startImmediately: true })

const answer = (status: number): Effect.Effect<Outcome> =>
  Effect.succeed({ _tag: "Answer", status, headers: {}, body: "" })

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
      const held = yield* start(relay.hold(batch(2)))
      assert.strictEqual(relay.ready(), 1)
      deliver(relay)
      assert.isUndefined(held.pollUnsafe())
      assert.strictEqual(relay.outbox.size(), 1)
      deliver(relay)
      yield* Fiber.join(held)
      assert.strictEqual(relay.outbox.size(), 0)
    }))

  it.effect("has something to send while it holds an event without text", () =>
    Effect.gen(function*() {
      const relay = setUp()
      const held = yield* start(relay.hold({ ...batch(0), events: [{ bytes: new Uint8Array(0) }] }))
      assert.isAbove(relay.outbox.waitingBytes(), 0)
      deliver(relay)
      yield* Fiber.join(held)
      assert.strictEqual(relay.outbox.waitingBytes(), 0)
    }))

  it.effect("holds a batch until earlier batches are done, and returns it when they do not finish", () =>
    Effect.gen(function*() {
      const relay = setUp({ beforeDone: Effect.never })
      const { events, ...rest } = batch(2)
      const held = yield* start(relay.hold({ events, ...rest }))
      yield* relay.send(events, "intake", answer(202))
      deliver(relay)
      deliver(relay)
      assert.isUndefined(held.pollUnsafe())
      yield* Fiber.interrupt(held)
      const books = relay.ledger.snapshot()
      assert.strictEqual(books.transferred, 0)
      assert.strictEqual(books.possibleDuplicates, 2)
      assert.isTrue(Ledgers.balances(books))
    }))

  it.effect("finishes a batch without events at once", () => setUp().hold(batch(0)))

  it.effect("counts the possible duplicates of earlier relays' attempts, each time", () =>
    Effect.gen(function*() {
      const relay = setUp()
      yield* start(relay.hold(batch(3, 4, 5)))
      const books = relay.ledger.snapshot()
      assert.strictEqual(books.redelivered, 3)
      assert.strictEqual(books.possibleDuplicates, 3 * 3 + 5)
      assert.isTrue(relay.outbox.take()?.uncertain)
    }))

  it.effect("returns the rest of a batch, and counts its events that arrived or are on their way", () =>
    Effect.gen(function*() {
      const relay = setUp()
      const { events, ...rest } = batch(6)
      const held = yield* start(relay.hold({ events, ...rest }))
      yield* relay.send(events.slice(0, 2), "intake", answer(202))
      deliver(relay)
      deliver(relay)
      yield* relay.send(events.slice(2, 3), "intake", answer(503))
      const under = yield* Effect.forkDetach(relay.send(events.slice(3, 4), "intake", Effect.never), {
        startImmediately: true
      })
      yield* Fiber.interrupt(under)
      yield* Fiber.interrupt(held)
      const books = relay.ledger.snapshot()
      assert.strictEqual(books.transferred, 4)
      assert.strictEqual(books.possibleDuplicates, 3)
      assert.strictEqual(relay.outbox.size(), 0)
      assert.isTrue(Ledgers.balances(books))
    }))

  it.effect("leaves the count of earlier relays' attempts to the next relay when it returns a batch", () =>
    Effect.gen(function*() {
      const relay = setUp()
      const held = yield* start(relay.hold(batch(3, 2, 4)))
      assert.strictEqual(relay.ledger.snapshot().possibleDuplicates, 7)
      yield* Fiber.interrupt(held)
      assert.strictEqual(relay.ledger.snapshot().possibleDuplicates, 0)
    }))

  it.effect("records a send in doubt before it sends again, and subtracts the records with the batch", () =>
    Effect.gen(function*() {
      const relay = setUp()
      const { events, ...rest } = batch(3)
      const held = yield* start(relay.hold({ events, ...rest }))
      const notesThen: Array<ReadonlyArray<number>> = []
      const send = (status: number) =>
        relay.send(
          events.slice(1),
          "intake",
          Effect.suspend(() => {
            notesThen.push([...relay.notes])
            return answer(status)
          })
        )
      for (const status of [503, 502, 503, 202]) yield* send(status)
      assert.deepStrictEqual(notesThen, [[], [], [2], [2, 2]])
      yield* Fiber.interrupt(held)
      assert.deepStrictEqual(relay.notes, [2, 2, -4])
    }))

  it.effect("does not resend an event in doubt when it cannot record that", () =>
    Effect.gen(function*() {
      const relay = setUp({ noted: false })
      const { events, ...rest } = batch(1)
      yield* start(relay.hold({ events, ...rest }))
      yield* relay.send(events, "intake", answer(504))
      const outcome = yield* relay.send(events, "intake", Effect.die("sent"))
      assert.deepStrictEqual(outcome, { _tag: "Answer", status: 503, headers: {}, body: "" })
    }))

  it.effect.prop(
    "counts every duplicate in the relays that live on, however relays end",
    [RelayTrial.Schedule],
    ([schedule]) =>
      Effect.gen(function*() {
        const { again, counted, missing } = yield* RelayTrial.run(schedule)
        assert.strictEqual(missing, 0)
        assert.isAtLeast(counted, again)
      }),
    { arbitrary: { runs: 500 } }
  )

  it.effect.prop(
    "counts duplicates exactly when all relays end in order and every send in doubt arrived",
    [RelayTrial.Orderly],
    ([schedule]) =>
      Effect.gen(function*() {
        const { again, counted, missing } = yield* RelayTrial.run(schedule)
        assert.strictEqual(missing, 0)
        assert.strictEqual(counted, again)
      }),
    { arbitrary: { runs: 500 } }
  )

  const Schedule = Schema.Array(Schema.Struct({
    step: Schema.Literals(["hold", "hold", "deliver", "deliver", "deliver", "lend", "restore", "interrupt"]),
    events: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 5 }))
  }))

  it.effect.prop(
    "keeps its books balanced after any schedule of steps",
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
              held.push(yield* start(relay.hold(batch(count, 1 + (count % 2)))))
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
