import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as Diagnostics from "../../../src/engine/books/Diagnostics.ts"
import * as Ledger from "../../../src/engine/books/Ledger.ts"
import * as AgeQueue from "../../../src/engine/chunk/AgeQueue.ts"
import * as AccountLanes from "../../../src/engine/lane/AccountLanes.ts"
import * as DeliveryLoop from "../../../src/engine/lane/DeliveryLoop.ts"
import * as Shipper from "../../../src/engine/lane/Shipper.ts"
import * as Signals from "../../../src/engine/lane/Signals.ts"
import * as MemoryOutbox from "../../../src/engine/outbox/MemoryOutbox.ts"

const over = () => false

describe("DeliveryLoop", () => {
  it.effect("releases what waits for half a minute while something else waits for hours", () =>
    Effect.gen(function*() {
      const clock = yield* Clock.Clock
      const root = yield* Effect.context<never>()
      const elapsed = () => Number(clock.monotonicTimeNanosUnsafe()) / 1_000_000
      const signals = Signals.make()
      const [long, short] = [AgeQueue.make(), AgeQueue.make()]
      let released = 0
      const release = () => ++released
      const pace = { intervalMillis: 1_000, now: elapsed, elapsed, maxInFlight: 1 }
      const lanes = AccountLanes.make<never>(signals.intake, (lane, signal) => Shipper.make(lane, { ...pace, signal }))
      yield* DeliveryLoop.make({
        flushTimeoutMillis: 1_000,
        ledger: Ledger.make(),
        signals,
        outboxes: MemoryOutbox.make(),
        lanes,
        traces: {
          shipper: { run: Effect.never, flush: Effect.void, drain: Effect.void },
          sweep: (now) => {
            const next = [long.sweep(now, 36_000_000, release), short.sweep(now, 30_000, release)]
            const due = next.filter((time) => time !== undefined)
            return due.length === 0 ? undefined : Math.min(...due)
          },
          collect: () => over,
          hold: { release: () => over, isEmpty: () => true, records: () => 0 },
          waiting: () => 0,
          riders: () => 0,
          handOver: () => {}
        },
        search: undefined,
        stopWaiting: () => {},
        elapsed,
        diagnostics: Diagnostics.make(() => {}),
        log: { run: Effect.never, reasons: () => [] },
        atExit: () => () => {},
        root
      })
      const wait = (queue: AgeQueue.AgeQueue<object>) => {
        queue.add({}, elapsed())
        signals.sweep.openUnsafe()
      }
      wait(long)
      yield* TestClock.adjust("1 minute")
      wait(short)
      yield* TestClock.adjust("41 seconds")
      assert.strictEqual(released, 1)
      yield* TestClock.adjust("10 hours")
      assert.strictEqual(released, 2)
      assert.isFalse(signals.sweep.isOpen())
    }))
})
