import { assert, describe, it } from "@effect/vitest"
import * as Relay from "effect-llmobs/Relay"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Seeded from "../../fuzz/Seeded.ts"
import * as DevAgents from "../../src/adapters/devagent/DevAgent.ts"
import * as Ledgers from "../../src/domain/delivery/Ledger.ts"
import * as Processes from "../adapters/redis/Processes.ts"
import * as RedisServer from "../adapters/redis/RedisServer.ts"
import { seed } from "../TestSeed.ts"

/** Looks again and again. Looks are counted, because the machine may pause. */
const until = <R>(look: Effect.Effect<boolean, never, R>): Effect.Effect<void, never, R> =>
  Effect.gen(function*() {
    for (let left = 10_000; !(yield* look); left--) {
      if (left === 0) return yield* Effect.die(new Error("It did not come to that."))
      yield* Effect.sleep(5)
    }
  })

const sent = (agent: DevAgents.DevAgent) =>
  agent.requests().filter((request) => request.path.endsWith("/llmobs")).length

const sendsMore = (agent: DevAgents.DevAgent, requests: number) =>
  Effect.suspend(() => {
    const goal = sent(agent) + requests
    return until(Effect.sync(() => sent(agent) >= goal))
  })

const distinct = (agent: DevAgents.DevAgent) => new Set(agent.events().map((event) => event.spanId)).size

const events = 60

/** Behaviours of an intake, some of which leave relays in doubt. */
const moods: ReadonlyArray<NonNullable<Parameters<DevAgents.DevAgent["configure"]>[0]>> = [
  { evpStatus: 502, deliverRefused: true, latencyMillis: 0 },
  { evpStatus: 504, deliverRefused: true, latencyMillis: 20 },
  { evpStatus: 502, deliverRefused: false, latencyMillis: 0 },
  { evpStatus: 503, deliverRefused: false, latencyMillis: 0 },
  { evpStatus: 0, deliverRefused: true, latencyMillis: 20 },
  { evpStatus: [502, 502, 502], deliverRefused: true, latencyMillis: 50 }
]

/** Events wait in Redis; `use` starts relays and ends them. Then a last relay delivers what is left. */
const trial = (
  use: (fleet: {
    readonly agent: DevAgents.DevAgent
    readonly relay: ReturnType<typeof Processes.relay>
    /** A relay whose batches stay its own however slowly it runs. */
    readonly steadyRelay: ReturnType<typeof Processes.relay>
  }) => Effect.Effect<ReadonlyArray<Ledgers.Ledger>, never, Effect.Services<ReturnType<typeof Processes.relay>>>
) =>
  Effect.gen(function*() {
    const server = yield* RedisServer.make
    const agent = yield* DevAgents.make()
    const { ended } = yield* Processes.producer(server.url, events)
    yield* ended
    const survivors = yield* use({
      agent,
      relay: Processes.relay(server.url, agent.url),
      steadyRelay: Processes.relay(server.url, agent.url, 60_000)
    })
    agent.configure({ evpStatus: 202, deliverRefused: false, latencyMillis: 0 })
    const last = yield* Effect.gen(function*() {
      yield* until(
        Effect.map(Relay.status, (status) => status?.waiting === 0 && status.claimed === 0)
      )
      return yield* Relay.ledger
    }).pipe(
      Effect.provide(
        Relay.layer({ url: Redacted.make(server.url), agentUrl: agent.url, lockMillis: 60_000, pollMillis: 20 })
      )
    )
    const books = [...survivors, last]
    for (const one of books) assert.isTrue(Ledgers.balances(one))
    assert.strictEqual(distinct(agent), events)
    return {
      again: agent.events().length - events,
      counted: books.reduce((sum, { possibleDuplicates }) => sum + possibleDuplicates, 0)
    }
  })

describe.skipIf(RedisServer.missing !== undefined)("duplicates of relays", { concurrent: true }, () => {
  it.live(
    "counts every duplicate in the relays that live on, when others are killed at random instants",
    () =>
      Effect.gen(function*() {
        const random = Seeded.make(seed)
        const { again, counted } = yield* trial(({ agent, relay }) =>
          Effect.gen(function*() {
            const survivors: Array<Ledgers.Ledger> = []
            for (let round = 0; round < 4; round++) {
              agent.configure(random.pick(moods))
              const victim = yield* relay
              yield* sendsMore(agent, 1 + random.below(4))
              yield* Effect.sleep(random.below(40))
              const inOrder = random.chance(0.3)
              yield* victim.kill(inOrder ? "SIGTERM" : "SIGKILL")
              if (inOrder) survivors.push(Processes.books(yield* victim.ended))
            }
            return survivors
          })
        )
        assert.isAtLeast(counted, again, `seed ${seed}`)
      }),
    300_000
  )

  it.live("counts duplicates exactly when relays with events in doubt are told to end", () =>
    Effect.gen(function*() {
      const { again, counted } = yield* trial(({ agent, steadyRelay }) =>
        Effect.gen(function*() {
          const survivors: Array<Ledgers.Ledger> = []
          // All that is in doubt has arrived.
          for (const mood of [moods[0]!, { evpStatus: 503 }, moods[4]!]) {
            agent.configure({ deliverRefused: false, ...mood })
            const one = yield* steadyRelay
            yield* sendsMore(agent, 4)
            if (mood === moods[4]) {
              // Each request from here on arrives, and is still on its way when the relay ends.
              agent.configure({ evpStatus: 202, latencyMillis: 60_000 })
              yield* sendsMore(agent, 1)
            }
            yield* one.kill("SIGTERM")
            survivors.push(Processes.books(yield* one.ended))
          }
          return survivors
        })
      )
      assert.isAbove(again, 0)
      assert.strictEqual(counted, again)
    }), 300_000)

  it.live(
    "counts duplicates when a paused relay resumes after others have taken its batches",
    () =>
      Effect.gen(function*() {
        const { again, counted } = yield* trial(({ agent, relay }) =>
          Effect.gen(function*() {
            agent.configure({ evpStatus: 502, deliverRefused: true })
            const paused = yield* relay
            yield* sendsMore(agent, 2)
            yield* paused.signal("SIGSTOP")
            agent.configure({ evpStatus: 202, deliverRefused: false })
            const other = yield* relay
            yield* until(Effect.sync(() => distinct(agent) === events))
            const before = sent(agent)
            yield* paused.signal("SIGCONT")
            yield* until(Effect.sync(() => sent(agent) > before))
            yield* Effect.all([paused.kill("SIGTERM"), other.kill("SIGTERM")], { concurrency: 2 })
            return [Processes.books(yield* paused.ended), Processes.books(yield* other.ended)]
          })
        )
        assert.isAbove(again, 0)
        assert.isAtLeast(counted, again)
      }),
    300_000
  )
})
