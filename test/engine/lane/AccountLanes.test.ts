import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as AccountLanes from "../../../src/engine/lane/AccountLanes.ts"
import type { Lane } from "../../../src/engine/lane/Shipper.ts"
import * as Shipper from "../../../src/engine/lane/Shipper.ts"
import * as Signals from "../../../src/engine/lane/Signals.ts"
import { answer } from "../Scene.ts"

/** A lane that sends texts, and never gets an answer for those of a route that hangs. */
const lane = (waiting: Array<string>, sent: Array<string>, hangs = false): Lane<string> => ({
  next: () => waiting.shift(),
  send: (text) => {
    sent.push(text)
    return hangs ? Effect.never : Effect.succeed(answer(202))
  },
  onOutcome: () => ({ _tag: "Done" }),
  isEmpty: () => waiting.length === 0
})

const make = () =>
  AccountLanes.make<string>(
    Signals.accounts(),
    (lane, signal) =>
      Shipper.make(lane, { signal, intervalMillis: 1_000, now: () => 0, elapsed: () => 0, maxInFlight: 1 })
  )

const start = (routes: AccountLanes.AccountLanes<string>) =>
  Effect.gen(function*() {
    const scope = yield* Effect.scope
    const run = Effect.runForkWith(yield* Effect.context<never>())
    routes.start((shipper) => run(Effect.forkIn(shipper, scope)))
  })

describe("AccountLanes", () => {
  it.effect("sends for each account by itself, so that one that hangs delays no other", () =>
    Effect.gen(function*() {
      const routes = make()
      const sent: Array<string> = []
      yield* start(routes)
      routes.open("hangs", () => lane(["h1", "h2"], sent, true))
      routes.open("fine", () => lane(["f1", "f2"], sent))
      yield* Effect.timeoutOption(routes.flush, 10).pipe(Effect.forkChild({ startImmediately: true }))
      for (let turn = 0; turn < 20; turn++) yield* Effect.yieldNow
      assert.deepStrictEqual([...sent].sort(), ["f1", "f2", "h1"])
    }))

  it.effect("runs lanes that were opened before the start, once each", () =>
    Effect.gen(function*() {
      const routes = make()
      const waiting = ["1"]
      const sent: Array<string> = []
      assert.isTrue(routes.open("a", () => lane(waiting, sent)))
      assert.isTrue(routes.open("a", () => assert.fail("it is open")))
      yield* start(routes)
      yield* routes.flush
      assert.deepStrictEqual(sent, ["1"])
    }))

  it("bounds the number of accounts", () => {
    const routes = make()
    routes.open("", () => lane([], []))
    for (let index = 0; index < AccountLanes.maxAccounts; index++) {
      assert.isTrue(routes.open(`account ${index}`, () => lane([], [])))
    }
    assert.isFalse(routes.open("one more", () => lane([], [])))
    assert.isTrue(routes.open("account 1", () => lane([], [])))
  })
})
