import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import type { Lane, NextStep } from "../../../src/engine/lane/Shipper.ts"
import * as Shipper from "../../../src/engine/lane/Shipper.ts"
import * as Signals from "../../../src/engine/lane/Signals.ts"
import { answer } from "../Scene.ts"

const done: NextStep = { _tag: "Done" }
const later = (delayMillis: number): NextStep => ({ _tag: "Later", delayMillis })

/** A lane of numbers. `script` gives what comes of each attempt, in order; when it is used up everything is delivered. */
const make = (options: {
  readonly script?: ReadonlyArray<NextStep>
  readonly maxInFlight?: number
  readonly takesMillis?: number
  /** How many waiting items fill a request. */
  readonly full?: number
  /** The slices in which a payload is packed, of one millisecond each. */
  readonly slices?: number
  /** The milliseconds that packing the rest of a payload takes. */
  readonly packMillis?: number
  /** The lane gives what failed to another road, and keeps nothing for later. */
  readonly givesAway?: boolean
  readonly send?: (payload: number) => Effect.Effect<unknown>
} = {}) =>
  Effect.gen(function*() {
    const script = [...options.script ?? []]
    let queue: Array<number> = []
    const attempts: Array<readonly [at: number, payload: number]> = []
    const delivered: Array<number> = []
    let inFlight = 0
    let most = 0
    let asked = 0
    let slices = options.slices ?? 0
    let open = true
    const clock = yield* Clock.Clock
    // The time of work, on top of that of the test's clock, which stands still in a step.
    let worked = 0
    const lane: Lane<number> = {
      pack: options.slices === undefined ? undefined : () => {
        if (queue.length === 0) return false
        worked++
        return --slices > 0
      },
      next: () => {
        asked++
        worked += options.packMillis ?? 0
        if (!open) return undefined
        slices = options.slices ?? 0
        const [payload, ...rest] = queue
        queue = rest
        return payload
      },
      send: (payload) =>
        Effect.gen(function*() {
          attempts.push([yield* Clock.currentTimeMillis, payload])
          most = Math.max(most, ++inFlight)
          yield* options.send?.(payload) ?? Effect.sleep(options.takesMillis ?? 0)
          inFlight--
          return answer(202)
        }),
      onOutcome: (payload, _outcome, _now, last) => {
        const settled = script.shift() ?? done
        if (settled._tag === "Done") delivered.push(payload)
        else if (!last && options.givesAway !== true) queue.push(payload)
        return settled
      },
      isEmpty: () => queue.length === 0,
      isReady: options.full === undefined ? undefined : () => queue.length >= options.full!
    }
    const signal = Signals.lane()
    const { drain, flush, run } = Shipper.make(lane, {
      signal,
      intervalMillis: 1_000,
      now: () => 0,
      elapsed: () => Number(clock.monotonicTimeNanosUnsafe()) / 1_000_000 + worked,
      maxInFlight: options.maxInFlight ?? 1
    })
    yield* Effect.forkScoped(run)
    // The loop stands where it waits for work.
    yield* TestClock.adjust(0)
    return {
      shipper: { drain, flush, urge: signal.urge, isUrged: () => signal.urgent.isOpen() },
      attempts,
      delivered,
      most: () => most,
      asked: () => asked,
      worked: () => worked,
      add: (...payloads: ReadonlyArray<number>) => {
        queue.push(...payloads)
        signal.wake()
      },
      close: () => {
        open = false
      },
      reopen: () => {
        open = true
        signal.urge()
      }
    }
  })

describe("Shipper", () => {
  it.effect("stays idle while no item waits", () =>
    Effect.gen(function*() {
      const { attempts } = yield* make()
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(attempts, [])
    }))

  it.effect("sends what urges before its workers start in one round, without the few items behind it", () =>
    Effect.gen(function*() {
      const { add, attempts, shipper } = yield* make({ full: 3 })
      add(1, 2, 3)
      shipper.urge()
      // Behind the shipper in each turn, and before the workers in the next.
      while (shipper.isUrged()) yield* Effect.yieldNowWith(1)
      assert.deepStrictEqual(attempts, [])
      add(4)
      shipper.urge()
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(attempts.map(([, payload]) => payload), [1, 2])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(attempts.map(([, payload]) => payload), [1, 2, 3])
    }))

  it.effect("sends at the next interval after the first item arrived", () =>
    Effect.gen(function*() {
      const { add, attempts } = yield* make()
      yield* TestClock.adjust(5_500)
      add(1)
      yield* TestClock.adjust(600)
      add(2)
      assert.deepStrictEqual(attempts, [])
      yield* TestClock.adjust(400)
      assert.deepStrictEqual(attempts, [[6_500, 1], [6_500, 2]])
    }))

  it.effect("sends before the interval when it is urged", () =>
    Effect.gen(function*() {
      const { add, attempts, shipper } = yield* make()
      add(1)
      shipper.urge()
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(attempts, [[0, 1]])
    }))

  it.effect("sends again after a defect of the writer, and the worker goes on", () =>
    Effect.gen(function*() {
      let broken = true
      const { add, attempts, delivered } = yield* make({
        script: [later(2_000)],
        send: () => {
          if (!broken) return Effect.void
          broken = false
          throw new RangeError("Array buffer allocation failed")
        }
      })
      add(1)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(attempts, [[1_000, 1], [3_000, 1]])
      assert.deepStrictEqual(delivered, [1])
    }))

  it.effect("packs no payload inside the call that urges it", () =>
    Effect.gen(function*() {
      const { add, asked, attempts, shipper } = yield* make()
      add(1)
      yield* TestClock.adjust(0)
      shipper.urge()
      assert.strictEqual(asked(), 0)
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(attempts, [[0, 1]])
    }))

  it.effect("packs for a few milliseconds in one turn, and yields to other fibers in between", () =>
    Effect.gen(function*() {
      const { add, asked, shipper } = yield* make({ maxInFlight: 4, packMillis: 2, send: () => Effect.never })
      add(1, 2, 3, 4)
      shipper.urge()
      const seen: Array<number> = []
      for (let turn = 0; turn < 12; turn++) {
        yield* Effect.yieldNow
        seen.push(asked())
      }
      assert.strictEqual(seen.at(-1), 4)
      for (let turn = 1; turn < seen.length; turn++) assert.isAtMost(seen[turn]! - seen[turn - 1]!, 2)
    }))

  it.effect("packs a payload in slices, and yields to other fibers between them", () =>
    Effect.gen(function*() {
      const { add, attempts, shipper, worked } = yield* make({ maxInFlight: 4, slices: 12 })
      add(1, 2)
      shipper.urge()
      for (let turn = 0, before = 0; turn < 40; turn++) {
        yield* Effect.yieldNow
        assert.isAtMost(worked() - before, 3)
        before = worked()
      }
      assert.strictEqual(worked(), 24)
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(attempts.map(([, payload]) => payload), [1, 2])
    }))

  it.effect("sends no request for a few items that come while it sends, unless it is flushed", () =>
    Effect.gen(function*() {
      const { add, attempts, shipper } = yield* make({ maxInFlight: 4, takesMillis: 10, full: 3 })
      add(1)
      yield* TestClock.adjust(1_005)
      add(2)
      yield* TestClock.adjust(100)
      assert.deepStrictEqual(attempts, [[1_000, 1]])
      // What was left goes with the next interval.
      yield* TestClock.adjust(2_000)
      assert.deepStrictEqual(attempts.map(([, payload]) => payload), [1, 2])
      add(3, 4, 5, 6)
      shipper.urge()
      yield* TestClock.adjust(5)
      assert.deepStrictEqual(attempts.map(([, payload]) => payload), [1, 2, 3, 4])
      yield* Effect.forkChild(shipper.flush)
      yield* TestClock.adjust(100)
      assert.deepStrictEqual(attempts.map(([, payload]) => payload), [1, 2, 3, 4, 5, 6])
    }))

  it.effect("sends as many payloads at once as the limit allows, and no more", () =>
    Effect.gen(function*() {
      const { add, attempts, delivered, most } = yield* make({ maxInFlight: 4, takesMillis: 100 })
      add(...Array.from({ length: 10 }, (_, i) => i))
      yield* TestClock.adjust(1_000)
      assert.strictEqual(attempts.length, 4)
      yield* TestClock.adjust(300)
      assert.strictEqual(delivered.length, 10)
      assert.strictEqual(most(), 4)
    }))

  it.effect("rests after a failure for the lane's delay, counted from the answer", () =>
    Effect.gen(function*() {
      const { add, attempts } = yield* make({ script: [later(5_000)], takesMillis: 10_000 })
      add(1)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(attempts, [[1_000, 1], [16_000, 1]])
    }))

  it.effect("rests all of its workers for the longest delay", () =>
    Effect.gen(function*() {
      const { add, attempts } = yield* make({ script: [later(60_000), later(100)], maxInFlight: 2, takesMillis: 10 })
      add(1, 2, 3)
      yield* TestClock.adjust("10 minutes")
      assert.deepStrictEqual(attempts.map(([at]) => at), [1_000, 1_000, 61_010, 61_010, 61_020])
    }))

  it.effect("flushes at once, waits for payloads in flight, and ends when the lane is empty", () =>
    Effect.gen(function*() {
      const { add, delivered, shipper } = yield* make({ takesMillis: 500 })
      add(1)
      yield* TestClock.adjust(1_100)
      add(2)
      const flush = yield* Effect.forkChild(shipper.flush)
      yield* TestClock.adjust(400)
      assert.deepStrictEqual(delivered, [1])
      assert.isUndefined(flush.pollUnsafe())
      yield* TestClock.adjust(500)
      assert.deepStrictEqual(delivered, [1, 2])
      assert.isDefined(flush.pollUnsafe())
    }))

  it.effect("ends the flush of an empty lane at once", () =>
    Effect.gen(function*() {
      const { shipper } = yield* make()
      const flush = yield* Effect.forkChild(shipper.flush)
      yield* TestClock.adjust(0)
      assert.isDefined(flush.pollUnsafe())
    }))

  it.effect("serves several flushes at a time", () =>
    Effect.gen(function*() {
      const { add, attempts, shipper } = yield* make({ takesMillis: 100 })
      add(1)
      const flushes = yield* Effect.all(Array.from({ length: 3 }, () => Effect.forkChild(shipper.flush)))
      yield* TestClock.adjust(100)
      for (const flush of flushes) assert.isDefined(flush.pollUnsafe())
      assert.strictEqual(attempts.length, 1)
    }))

  it.effect("cuts a back-off short for a flush, once", () =>
    Effect.gen(function*() {
      const { add, attempts, shipper } = yield* make({ script: [later(60_000), later(60_000)], maxInFlight: 3 })
      add(1)
      yield* TestClock.adjust(2_000)
      const flush = yield* Effect.forkChild(shipper.flush)
      yield* TestClock.adjust(10)
      assert.deepStrictEqual(attempts.map(([at]) => at), [1_000, 2_000])
      assert.isUndefined(flush.pollUnsafe())
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(attempts.map(([at]) => at), [1_000, 2_000, 62_000])
      // The round ends at the same time, a few steps later.
      yield* TestClock.adjust(0)
      assert.isDefined(flush.pollUnsafe())
    }))

  it.effect("cuts a back-off short that no worker is resting for yet", () =>
    Effect.gen(function*() {
      const { add, attempts, shipper } = yield* make({ script: [later(60_000)], givesAway: true })
      add(1)
      yield* TestClock.adjust(1_000)
      add(2)
      const flush = yield* Effect.forkChild(shipper.flush)
      yield* Fiber.join(flush)
      assert.deepStrictEqual(attempts, [[1_000, 1], [1_000, 2]])
    }))

  it.effect("sends items later that may not be sent now", () =>
    Effect.gen(function*() {
      const { add, attempts, close, reopen } = yield* make()
      close()
      add(1)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(attempts, [])
      reopen()
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(attempts, [[60_000, 1]])
    }))

  it.effect("begins a round while a request of the one before is still in flight", () =>
    Effect.gen(function*() {
      const send = (payload: number) => payload === 1 ? Effect.never : Effect.sleep(10)
      const { add, attempts, delivered, most } = yield* make({ maxInFlight: 3, full: 5, send })
      add(1)
      yield* TestClock.adjust(1_000)
      add(2)
      yield* TestClock.adjust(2_000)
      add(3, 4, 5, 6, 7, 8)
      yield* TestClock.adjust(10_000)
      assert.deepStrictEqual(attempts.map(([, payload]) => payload), [1, 2, 3, 4, 5, 6, 7, 8])
      assert.deepStrictEqual(delivered, [2, 3, 4, 5, 6, 7, 8])
      assert.isAtMost(most(), 3)
    }))

  it.effect("takes items that arrive while it sends", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const { add, delivered, shipper } = yield* make({ send: (n) => n === 1 ? Deferred.await(gate) : Effect.void })
      add(1)
      yield* TestClock.adjust(1_000)
      add(2)
      const flush = yield* Effect.forkChild(shipper.flush)
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(delivered, [])
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(flush)
      assert.deepStrictEqual(delivered, [1, 2])
    }))

  it.effect("gives every payload one attempt at the end, and does not wait for a back-off", () =>
    Effect.gen(function*() {
      const script = [later(60_000), later(60_000), done, later(60_000)]
      const { add, attempts, delivered, shipper } = yield* make({ script, takesMillis: 10 })
      add(0)
      yield* TestClock.adjust(1_500)
      add(1, 2, 3)
      const drain = yield* Effect.forkChild(shipper.drain)
      yield* TestClock.adjust(100)
      assert.isDefined(drain.pollUnsafe())
      assert.deepStrictEqual(attempts.map(([, payload]) => payload), [0, 0, 1, 2, 3])
      assert.deepStrictEqual(delivered, [1, 3])
    }))

  it.effect("ends a drain when no item may be sent", () =>
    Effect.gen(function*() {
      const { add, close, shipper } = yield* make()
      close()
      add(1)
      const drain = yield* Effect.forkChild(shipper.drain)
      yield* TestClock.adjust(0)
      assert.isDefined(drain.pollUnsafe())
    }))
})
