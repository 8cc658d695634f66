import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import type { AgentCapabilities } from "../../../src/domain/delivery/AgentCapabilities.ts"
import * as AgentCapabilitiesModule from "../../../src/domain/delivery/AgentCapabilities.ts"
import * as AgentSearch from "../../../src/engine/lane/AgentSearch.ts"
import * as AgentTracker from "../../../src/engine/lane/AgentTracker.ts"
import * as Signals from "../../../src/engine/lane/Signals.ts"

const capabilities = (stateHash: string, evp = true): AgentCapabilities => ({
  ...AgentCapabilitiesModule.parse({ endpoints: ["/v0.4/traces", ...(evp ? ["/evp_proxy/v2/"] : [])] }).value!,
  stateHash
})

/** A search that runs, for an Agent that a test lets come and go. */
const make = (policy: { readonly credentials?: boolean } = {}) =>
  Effect.gen(function*() {
    const clock = yield* Clock.Clock
    const signals = Signals.make()
    const world = {
      agent: undefined as AgentCapabilities | undefined,
      pending: 1,
      probes: 0,
      found: 0,
      // What is done about a found Agent before it counts as found.
      work: Effect.void
    }
    const tracker = AgentTracker.make({
      policy: { agentless: undefined, credentials: policy.credentials ?? false, giveUpMillis: 30_000 },
      signals,
      elapsed: () => Number(clock.monotonicTimeNanosUnsafe()) / 1_000_000
    })
    const search = AgentSearch.make({
      tracker,
      // An answer takes a moment.
      probe: Effect.map(Effect.yieldNow, () => {
        world.probes++
        return world.agent
      }),
      signals,
      pending: () => world.pending,
      onFound: Effect.andThen(
        Effect.suspend(() => world.work),
        Effect.sync(() => {
          world.found++
        })
      )
    })
    yield* Effect.forkScoped(search.run)
    yield* TestClock.adjust(0)
    return { search, tracker, world }
  })

describe("AgentSearch", () => {
  it.effect("asks for the Agent at growing intervals while events wait, and stops when it is found", () =>
    Effect.gen(function*() {
      const { search, tracker, world } = yield* make()
      const waiting = yield* Effect.forkChild(search.known)
      assert.strictEqual(world.probes, 1)
      yield* TestClock.adjust("700 millis")
      assert.strictEqual(world.probes, 4)
      world.agent = capabilities("a")
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual([world.probes, world.found, tracker.isFound()], [5, 1, true])
      yield* Fiber.join(waiting)
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(world.probes, 5)
    }))

  it.effect("rests while no event waits, and resumes when one does", () =>
    Effect.gen(function*() {
      const { tracker, world } = yield* make()
      world.pending = 0
      yield* TestClock.adjust("1 hour")
      const { probes } = world
      assert.isAtMost(probes, 2)
      tracker.search()
      yield* TestClock.adjust(0)
      assert.strictEqual(world.probes, probes + 1)
    }))

  it.effect("gives up the search after a time if agentless delivery is allowed, and never otherwise", () =>
    Effect.gen(function*() {
      const [allowed, forbidden] = [yield* make({ credentials: true }), yield* make()]
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual([allowed.tracker.isAgentless(), allowed.world.found], [true, 1])
      assert.deepStrictEqual([forbidden.tracker.isAgentless(), forbidden.world.found], [false, 0])
    }))

  it.effect("asks again when the Agent is gone or answers with another state", () =>
    Effect.gen(function*() {
      const { tracker, world } = yield* make()
      world.agent = capabilities("a")
      yield* TestClock.adjust("1 second")
      const probes = () => world.probes
      const before = probes()
      tracker.hear("a")
      tracker.hear(undefined)
      tracker.reachable(true)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(probes(), before)
      tracker.hear("b")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(probes(), before + 1)
      tracker.reachable(false)
      assert.isTrue(tracker.isSearching())
      assert.isDefined(tracker.capabilities())
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual([probes(), tracker.isFound()], [before + 2, true])
    }))

  it.effect("does again what a flush left undone that found the Agent and was interrupted at its deadline", () =>
    Effect.gen(function*() {
      const { search, tracker, world } = yield* make()
      world.pending = 0
      yield* TestClock.adjust("1 second")
      world.agent = capabilities("a")
      world.work = Effect.sleep("50 millis")
      const flush = yield* Effect.forkChild(search.lookOnce, { startImmediately: true })
      // The loop joins the search of the flush.
      tracker.search()
      yield* TestClock.adjust("20 millis")
      yield* Fiber.interrupt(flush)
      assert.strictEqual(world.found, 0)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(world.found, 1)
      yield* search.known
    }))

  it.effect("continues the search while events wait for an EVP proxy", () =>
    Effect.gen(function*() {
      const { tracker, world } = yield* make()
      world.agent = capabilities("a", false)
      yield* TestClock.adjust("1 second")
      tracker.wantEvp()
      yield* TestClock.adjust("10 seconds")
      assert.isTrue(tracker.isWantingEvp())
      world.agent = capabilities("b")
      yield* TestClock.adjust("10 seconds")
      assert.isFalse(tracker.isWantingEvp())
      assert.strictEqual(tracker.evpPrefix(), world.agent.evpProxy)
    }))
})

describe("a listed EVP proxy that refuses", () => {
  it.effect("rests a refusing EVP proxy for a minute, until the Agent changes, or until a flush", () =>
    Effect.gen(function*() {
      const { tracker, world } = yield* make()
      world.agent = capabilities("a")
      yield* TestClock.adjust("1 second")
      tracker.refuseEvp()
      yield* TestClock.adjust("59 seconds")
      assert.isTrue(tracker.isEvpResting())
      yield* TestClock.adjust("2 seconds")
      assert.isFalse(tracker.isEvpResting())
      tracker.refuseEvp()
      tracker.endRest()
      assert.isFalse(tracker.isEvpResting())
      tracker.refuseEvp()
      world.agent = capabilities("b")
      yield* TestClock.adjust("1 second")
      assert.isFalse(tracker.isEvpResting())
      assert.isDefined(tracker.evpPrefix())
    }))
})
