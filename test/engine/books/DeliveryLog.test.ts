import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import type { Trouble } from "../../../src/domain/delivery/DeliveryNotice.ts"
import * as DeliveryLog from "../../../src/engine/books/DeliveryLog.ts"

const unreachable: Trouble = { _tag: "AgentUnreachable", reason: "ECONNREFUSED" }
const noAgent: Trouble = { _tag: "NotAnAgent", status: 404 }
const refused: Trouble = { _tag: "CredentialsRefused", status: 403 }

/** A log that runs, what it said, and how many events wait. */
const make = Effect.gen(function*() {
  const clock = yield* Clock.Clock
  const lines: Array<string> = []
  const state = { held: 3 }
  const log = DeliveryLog.make({
    elapsed: () => clock.currentTimeMillisUnsafe(),
    warn: (line) => lines.push(line),
    recovered: (place, millis) => lines.push(`${place} works after ${millis}`)
  })
  yield* Effect.forkScoped(log.run)
  const failed = (trouble: Trouble, place = "agent") =>
    log.failed(place, trouble, { held: () => state.held, render: (events) => `${trouble._tag} ${events}` })
  return { log, lines, state, failed }
})

describe("DeliveryLog", () => {
  it.effect("logs a trouble after 5 seconds, and again after pauses that double up to an hour", () =>
    Effect.gen(function*() {
      const { failed, lines } = yield* make
      failed(unreachable)
      yield* TestClock.adjust("4999 millis")
      assert.deepStrictEqual(lines, [])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(lines, ["AgentUnreachable 3"])
      yield* TestClock.adjust("29 seconds")
      assert.strictEqual(lines.length, 1)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(lines.length, 2)
      yield* TestClock.adjust("60 seconds")
      assert.strictEqual(lines.length, 3)
      // 2, 4, 8, 16, 32 minutes, then an hour each time.
      yield* TestClock.adjust("62 minutes")
      assert.strictEqual(lines.length, 8)
      yield* TestClock.adjust("3 hours")
      assert.strictEqual(lines.length, 11)
    }))

  it.effect("logs no trouble that ends within the grace period", () =>
    Effect.gen(function*() {
      const { failed, lines, log } = yield* make
      failed(unreachable)
      yield* TestClock.adjust("4 seconds")
      log.works("agent")
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(lines, [])
      assert.deepStrictEqual(log.reasons(), [])
    }))

  it.effect("logs the recovery of a receiver once, and only after its trouble was logged", () =>
    Effect.gen(function*() {
      const { failed, lines, log } = yield* make
      failed(unreachable)
      yield* TestClock.adjust("6 seconds")
      log.works("agent")
      log.works("agent")
      assert.deepStrictEqual(lines, ["AgentUnreachable 3", "agent works after 6000"])
    }))

  it.effect("logs a refused key at once", () =>
    Effect.gen(function*() {
      const { failed, lines } = yield* make
      failed(refused, "events:")
      failed(refused, "events:")
      assert.deepStrictEqual(lines, ["CredentialsRefused 3"])
    }))

  it.effect("logs each kind of trouble of a receiver by itself, however often they alternate", () =>
    Effect.gen(function*() {
      const { failed, lines } = yield* make
      for (let second = 0; second < 20; second++) {
        failed(second % 2 === 0 ? unreachable : noAgent)
        yield* TestClock.adjust("1 second")
      }
      assert.deepStrictEqual([...lines].sort(), ["AgentUnreachable 3", "NotAnAgent 3"])
    }))

  it.effect("logs no trouble while no event waits, and logs it when one does", () =>
    Effect.gen(function*() {
      const { failed, lines, state } = yield* make
      state.held = 0
      failed(unreachable)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(lines, [])
      state.held = 1
      failed(unreachable)
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(lines, ["AgentUnreachable 1"])
    }))

  it.effect("gives the troubles that were not logged as reasons of a loss", () =>
    Effect.gen(function*() {
      const { failed, log } = yield* make
      failed(unreachable)
      failed(refused, "events:")
      assert.deepStrictEqual(log.reasons(), ["AgentUnreachable 0"])
      log.forget("agent")
      assert.deepStrictEqual(log.reasons(), [])
    }))
})
