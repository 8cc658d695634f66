import { assert, describe, it } from "@effect/vitest"
import * as LLMObs from "effect-llmobs/LLMObs"
import * as RedisOutbox from "effect-llmobs/RedisOutbox"
import * as Relay from "effect-llmobs/Relay"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as DevAgents from "../../src/adapters/devagent/DevAgent.ts"
import * as RedisClient from "../../src/adapters/redis/RedisClient.ts"
import * as RedisKeys from "../../src/adapters/redis/RedisKeys.ts"
import * as Ledgers from "../../src/domain/delivery/Ledger.ts"
import { Delivery } from "../../src/ports/Delivery.ts"
import { CurrentRelayQueue } from "../../src/ports/RelayQueue.ts"
import * as Processes from "../adapters/redis/Processes.ts"
import * as RedisServer from "../adapters/redis/RedisServer.ts"
import * as Ports from "./Ports.ts"

if (RedisServer.missing !== undefined) console.log(`The tests of relays are left out: ${RedisServer.missing}.`)

/** Looks again and again, and gives what the last look found. Looks are counted, because the machine may pause. */
const eventually = <A, R>(look: Effect.Effect<A, never, R>, accept: (a: A) => boolean): Effect.Effect<A, never, R> =>
  Effect.gen(function*() {
    for (let left = 2_500;; left--) {
      const found = yield* look
      if (left === 0 || accept(found)) return found
      yield* Effect.sleep(20)
    }
  })

const span = (input = "a question") => Effect.void.pipe(LLMObs.llm("call", { model: "m", provider: "p", input }))

const outbox = (server: RedisServer.RedisServer, options: Partial<RedisOutbox.Options> = {}) =>
  RedisOutbox.layer({ url: Redacted.make(server.url), ...options })

const process_ = (outbox: Layer.Layer<never>, options: LLMObs.Options = {}) =>
  LLMObs.layer({
    mlApp: "fleet",
    apm: "off",
    agentless: true,
    flushInterval: "20 millis",
    flushTimeout: "30 seconds",
    ...options
  }).pipe(Layer.provideMerge(outbox))

const relay = (server: RedisServer.RedisServer, agentUrl: string, lockMillis = 1_000) =>
  Relay.layer({ url: Redacted.make(server.url), agentUrl, pollMillis: 20, lockMillis })

const distinct = (agent: DevAgents.DevAgent) => new Set(agent.events().map((event) => event.spanId)).size

describe.skipIf(RedisServer.missing !== undefined)("the relay", { concurrent: true }, () => {
  it.live("counts events as transferred in the process that made them, and delivers them by the relay once", () =>
    Effect.gen(function*() {
      const server = yield* RedisServer.make
      const agent = yield* DevAgents.make()
      const books = yield* Effect.gen(function*() {
        for (let index = 0; index < 30; index++) yield* span()
        yield* LLMObs.flush
        return yield* LLMObs.ledger
      }).pipe(Effect.provide(process_(outbox(server))))
      assert.strictEqual(books.transferred, 30)
      assert.isTrue(Ledgers.balances(books))
      const relayed = yield* eventually(Relay.ledger, (ledger) => ledger.delivered.intake === 30).pipe(
        Effect.provide(relay(server, agent.url, 60_000))
      )
      assert.strictEqual(relayed.delivered.intake, 30)
      assert.isTrue(Ledgers.balances(relayed))
      assert.strictEqual(agent.events().length, 30)
      assert.strictEqual(distinct(agent), 30)
    }))

  it.live("delivers events at least once when a relay is killed with batches in hand", () =>
    Effect.gen(function*() {
      const server = yield* RedisServer.make
      const agent = yield* DevAgents.make()
      agent.configure({ evpStatus: 503 })
      const victim = yield* Processes.relay(server.url, agent.url)
      const producers = yield* Effect.all([
        Processes.producer(server.url, 40),
        Processes.producer(server.url, 40)
      ])
      for (const { ended } of producers) {
        const books: Ledgers.Ledger = JSON.parse(yield* ended)
        assert.strictEqual(books.transferred, 40)
      }
      const state = yield* eventually(RedisOutbox.status, (status) => (status?.claimed ?? 0) > 0).pipe(
        Effect.provide(outbox(server))
      )
      assert.isAbove(state?.claimed ?? 0, 0)
      // As after many deaths: no number of attempts sets a batch aside.
      const redis = yield* Effect.flatten(RedisClient.connect({ path: server.url.slice("unix://".length) }))
      const attempts = `${RedisKeys.prefix}events:attempts`
      for (const id of yield* redis.send<ReadonlyArray<string>>("HKEYS", attempts)) {
        yield* redis.send("HSET", attempts, id, "1000")
      }
      yield* victim.kill("SIGKILL")
      assert.strictEqual(distinct(agent), 0)
      agent.configure({ evpStatus: 202 })
      yield* Processes.relay(server.url, agent.url)
      yield* Processes.relay(server.url, agent.url)
      assert.strictEqual(yield* eventually(Effect.sync(() => distinct(agent)), (events) => events === 80), 80)
      const left = yield* eventually(RedisOutbox.status, (status) => status?.claimed === 0).pipe(
        Effect.provide(outbox(server))
      )
      assert.deepStrictEqual(Processes.counts(left), { waiting: 0, claimed: 0, setAside: 0, limit: 4_096 })
    }))

  it.live("delivers the accepted events after Redis restarts, and holds the others in the process", () =>
    Effect.gen(function*() {
      const server = yield* RedisServer.make
      const agent = yield* DevAgents.make()
      yield* Effect.gen(function*() {
        yield* span()
        assert.strictEqual((yield* LLMObs.flush).pending, 0)
        yield* server.kill
        yield* span()
        yield* Effect.forkChild(LLMObs.flush)
        assert.strictEqual((yield* LLMObs.ledger).pending.outbox, 1)
        yield* server.start
        const books = yield* eventually(
          Effect.andThen(LLMObs.flush, LLMObs.ledger),
          (ledger) => Ledgers.pending(ledger) === 0
        )
        assert.strictEqual(books.transferred, 2)
        assert.isTrue(Ledgers.balances(books))
      }).pipe(Effect.provide(process_(outbox(server))))
      yield* Effect.gen(function*() {
        assert.strictEqual(yield* eventually(Effect.sync(() => distinct(agent)), (events) => events === 2), 2)
      }).pipe(Effect.provide(relay(server, agent.url)))
    }))

  it.live("delivers events by a relay that saw Redis go and come back", () =>
    Effect.gen(function*() {
      const server = yield* RedisServer.make
      const agent = yield* DevAgents.make()
      yield* Effect.gen(function*() {
        yield* eventually(Relay.status, (status) => status !== undefined)
        yield* server.kill
        yield* server.start
        yield* Effect.andThen(span(), LLMObs.flush).pipe(Effect.provide(process_(outbox(server))))
        assert.strictEqual(yield* eventually(Effect.sync(() => distinct(agent)), (events) => events === 1), 1)
      }).pipe(Effect.provide(relay(server, agent.url)))
    }))

  it.live(
    "bounds the events in the queue, and counts those that no memory has room for",
    () =>
      Effect.gen(function*() {
        const server = yield* RedisServer.make
        yield* Effect.gen(function*() {
          for (let index = 0; index < 5; index++) {
            yield* span(`${index}`)
            yield* Effect.forkChild(LLMObs.flush)
            yield* eventually(LLMObs.ledger, (ledger) => ledger.transferred > Math.min(index, 2))
          }
          const full = yield* RedisOutbox.status
          assert.strictEqual(full?.waiting, 3)
          for (let index = 0; index < 20; index++) yield* span("x".repeat(1_000))
          const books = yield* LLMObs.ledger
          assert.strictEqual(books.enqueued, 25)
          assert.strictEqual(books.transferred, 3)
          assert.isAbove(books.dropped.outboxFull, 0)
          assert.isTrue(Ledgers.balances(books))
        }).pipe(
          Effect.provide(process_(outbox(server, { maxBatches: 3 }), { maxBytes: 10_000, flushTimeout: "100 millis" }))
        )
        const status = JSON.parse(yield* Processes.status(server.url))
        assert.strictEqual(status.waiting, 3)
      })
  )

  it.live("delivers events behind a batch that no relay of this release can read", () =>
    Effect.gen(function*() {
      const server = yield* RedisServer.make
      const agent = yield* DevAgents.make()
      const redis = yield* Effect.flatten(RedisClient.connect({ path: server.url.slice("unix://".length) }))
      const newer = { id: "newer", element: { version: 2, offeredAt: 0, events: [] } }
      yield* redis.send("RPUSH", `${RedisKeys.prefix}events`, JSON.stringify(newer))
      yield* Effect.andThen(span(), LLMObs.flush).pipe(Effect.provide(process_(outbox(server))))
      yield* Effect.gen(function*() {
        assert.strictEqual(yield* eventually(Effect.sync(() => distinct(agent)), (events) => events === 1), 1)
        const status = yield* eventually(Relay.status, (status) => status?.setAside === 1 && status.claimed === 0)
        assert.deepStrictEqual(Processes.counts(status), { waiting: 0, claimed: 0, setAside: 1, limit: 4_096 })
      }).pipe(Effect.provide(relay(server, agent.url)))
    }))

  it.live("queues events once when the answer to their offer was lost", () =>
    Effect.gen(function*() {
      const server = yield* RedisServer.make
      const events = Array.from(
        { length: 3 },
        (_, index) => ({ bytes: new TextEncoder().encode(`{"event":${index}}`) })
      )
      yield* Effect.gen(function*() {
        const queue = yield* CurrentRelayQueue
        const first = yield* queue!.offer(events)
        const second = yield* queue!.offer(events)
        assert.deepStrictEqual([first, second].map((outcome) => outcome._tag), ["Answer", "Answer"])
        assert.strictEqual((yield* RedisOutbox.status)?.waiting, 1)
        yield* queue!.offer(events.slice(0, 2))
        assert.strictEqual((yield* RedisOutbox.status)?.waiting, 2)
      }).pipe(Effect.provide(outbox(server)))
    }))

  it.live("relays only the events that do not ride when there is an Agent", () =>
    Effect.gen(function*() {
      const server = yield* RedisServer.make
      const agent = yield* DevAgents.make()
      const caller = (priority: string) => ({
        "x-datadog-trace-id": "7",
        "x-datadog-parent-id": "8",
        "x-datadog-sampling-priority": priority
      })
      const books = yield* Effect.gen(function*() {
        yield* span().pipe(LLMObs.extract(caller("2")))
        yield* span().pipe(LLMObs.extract(caller("-1")))
        yield* LLMObs.flush
        return yield* LLMObs.ledger
      }).pipe(
        Effect.provide(
          Layer.provide(
            LLMObs.layer({ mlApp: "fleet", agentUrl: agent.url, flushTimeout: "30 seconds" }),
            outbox(server)
          )
        )
      )
      assert.deepStrictEqual(books.delivered, { agent: 1, intake: 0 })
      assert.strictEqual(books.transferred, 1)
      assert.deepStrictEqual(agent.events().map((event) => event.via), ["trace"])
    }))

  it.live("relays events without an Agent or a key in the process that made them", () =>
    Effect.gen(function*() {
      const server = yield* RedisServer.make
      const port = yield* Ports.reserve
      const books = yield* Effect.flatten(
        Effect.andThen(span(), Effect.map(Delivery, ({ ledger }) => ledger)).pipe(
          Effect.provide(
            Layer.provide(LLMObs.layer({ mlApp: "fleet", agentUrl: `http://127.0.0.1:${port}` }), outbox(server))
          )
        )
      )
      assert.strictEqual(books.transferred, 1)
      assert.isTrue(Ledgers.balances(books))
    }))

  it.live("counts events as lost in a process that starts and ends without Redis", () =>
    Effect.gen(function*() {
      const books = yield* Effect.gen(function*() {
        yield* span()
        const { ledger } = yield* Delivery
        assert.strictEqual((yield* LLMObs.flush).pending, 1)
        assert.isUndefined(
          Option.getOrUndefined(yield* Effect.timeoutOption(RedisOutbox.status, 50))
        )
        return ledger
      }).pipe(
        Effect.provide(process_(RedisOutbox.layer({ url: Redacted.make("unix:///nowhere/redis") }), {
          flushTimeout: "100 millis"
        })),
        Effect.flatten
      )
      assert.strictEqual(books.dropped.shutdown, 1)
      assert.isTrue(Ledgers.balances(books))
    }))

  it.live("lets a process end after Redis went away", () =>
    Effect.gen(function*() {
      const server = yield* RedisServer.make
      const agent = yield* DevAgents.make()
      yield* Effect.gen(function*() {
        yield* eventually(Relay.status, (status) => status !== undefined)
        yield* Effect.andThen(span(), LLMObs.flush)
        yield* server.kill
      }).pipe(
        Effect.provide(relay(server, agent.url)),
        Effect.provide(process_(outbox(server), { flushTimeout: "100 millis" }))
      )
    }))

  it.live("returns events to the queue when a relay ends before the intake accepted them", () =>
    Effect.gen(function*() {
      const server = yield* RedisServer.make
      const agent = yield* DevAgents.make()
      yield* Effect.andThen(span(), LLMObs.flush).pipe(Effect.provide(process_(outbox(server))))
      agent.configure({ evpStatus: 503 })
      yield* eventually(Relay.ledger, (ledger) => ledger.pending.outbox === 1).pipe(
        Effect.provide(Relay.layer({
          url: Redacted.make(server.url),
          agentUrl: agent.url,
          pollMillis: 20,
          flushTimeout: "200 millis"
        }))
      )
      const status = yield* RedisOutbox.status.pipe(Effect.provide(outbox(server)))
      assert.deepStrictEqual(Processes.counts(status), { waiting: 1, claimed: 0, setAside: 0, limit: 4_096 })
    }))
})
