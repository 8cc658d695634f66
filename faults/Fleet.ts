/**
 * Rows in which events go through Redis: it is killed and started again, and so are the relays.
 */
import * as LLMObs from "effect-llmobs/LLMObs"
import * as RedisOutbox from "effect-llmobs/RedisOutbox"
import * as Relay from "effect-llmobs/Relay"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as DevAgents from "../src/adapters/devagent/DevAgent.ts"
import * as RedisClient from "../src/adapters/redis/RedisClient.ts"
import * as RedisKeys from "../src/adapters/redis/RedisKeys.ts"
import * as Ledgers from "../src/domain/delivery/Ledger.ts"
import * as Processes from "../test/adapters/redis/Processes.ts"
import * as RedisServer from "../test/adapters/redis/RedisServer.ts"
import { eventually } from "./Eventually.ts"
import { settle } from "./Row.ts"
import type { Result } from "./Verdict.ts"
import { atLeastOnce, describe } from "./Verdict.ts"

const rounds = 5
const eventsOfARound = 20

const emit = Effect.gen(function*() {
  for (let index = 0; index < eventsOfARound; index++) {
    yield* Effect.void.pipe(LLMObs.llm("call", { model: "m", provider: "p", input: "a question" }))
    if (index % 5 === 0) yield* Effect.forkChild(LLMObs.flush)
  }
})

const sent = (agent: DevAgents.DevAgent) =>
  agent.requests().filter((request) => request.path.endsWith("/llmobs")).length

interface Fleet {
  readonly server: RedisServer.RedisServer
  readonly agent: DevAgents.DevAgent
  readonly relay: Effect.Effect<Processes.Process, never, Scope.Scope>
  /** Ends a relay in order when it has delivered all. Its books count what it delivered again. */
  readonly retire: (relay: Processes.Process) => Effect.Effect<Ledgers.Ledger>
  /** Flushes until nothing is pending in this process. */
  readonly handOver: Effect.Effect<void>
}

const row = (
  name: string,
  body: (fleet: Fleet) => Effect.Effect<Ledgers.Ledger | void, never, Scope.Scope>
): { readonly name: string; readonly run: Effect.Effect<Result | string, never, Scope.Scope> } => ({
  name,
  run: Effect.gen(function*() {
    if (RedisServer.missing !== undefined) return RedisServer.missing
    const server = yield* RedisServer.make
    const agent = yield* Effect.orDie(DevAgents.make())
    const arrived = () => new Set(agent.events().map((event) => event.spanId)).size
    const outbox = RedisOutbox.layer({ url: Redacted.make(server.url) })
    const program = LLMObs.layer({ mlApp: "fleet", apm: "off", agentless: true, flushInterval: "20 millis" })
    const relayed: { first: Ledgers.Ledger; books: Ledgers.Ledger } = { first: Ledgers.empty, books: Ledgers.empty }
    const delivered = eventually(Effect.sync(() => arrived() === rounds * eventsOfARound), 30_000)
    // A last relay, whose ledger can be read, delivers the events that the first ones leave.
    const last = Effect.gen(function*() {
      yield* delivered
      // Between two claims a batch of a dead relay waits.
      yield* eventually(Effect.map(Relay.status, (status) => status?.waiting === 0 && status.claimed === 0), 10_000)
      relayed.books = yield* Relay.ledger
    }).pipe(
      Effect.provide(Relay.layer({ url: Redacted.make(server.url), agentUrl: agent.url, lockMillis: 1_000 })),
      Effect.orDie
    )
    const books = yield* body({
      server,
      agent,
      relay: Processes.relay(server.url, agent.url),
      retire: (relay) =>
        Effect.gen(function*() {
          yield* delivered
          yield* relay.kill("SIGTERM")
          return Processes.books(yield* relay.ended)
        }),
      handOver: settle(20_000)
    }).pipe(
      Effect.tap((first) =>
        Effect.sync(() => {
          if (first !== undefined) relayed.first = first
        })
      ),
      Effect.andThen(LLMObs.ledger),
      Effect.tap(last),
      Effect.provide(Layer.provideMerge(program, outbox))
    )
    const again = agent.events().length - arrived()
    const counts = new Map<string, number>()
    for (const { spanId } of agent.events()) counts.set(spanId, (counts.get(spanId) ?? 0) + 1)
    // The counts of a killed relay died with it, so the relays after it count each repeated event once.
    const twice = [...counts.values()].filter((times) => times > 1).length
    const ofRelays = [relayed.first, relayed.books]
    const possible = ofRelays.reduce((sum, ledger) => sum + ledger.possibleDuplicates + ledger.redelivered, 0)
    const law = [books, ...ofRelays].every(Ledgers.balances)
    const missing = books.enqueued - arrived()
    return {
      row: name,
      promised: describe(atLeastOnce),
      offered: books.enqueued,
      delivered: arrived(),
      duplicates: again,
      possible,
      dropped: Ledgers.dropReasons.filter((reason) => books.dropped[reason] > 0)
        .map((reason) => `${reason} ${books.dropped[reason]}`).join(", "),
      pending: Ledgers.pending(books),
      law,
      problem: !law
        ? "the books do not balance"
        : books.enqueued !== rounds * eventsOfARound
        ? "the row offered something else"
        : books.transferred !== books.enqueued
        ? `${books.enqueued - books.transferred} were not handed over`
        : missing > 0
        ? `${missing} did not arrive`
        : twice > possible
        ? `${twice} arrived again, and ${possible} were counted`
        : undefined
    }
  })
})

/** Elements that no relay can read, as a stranger would write them to the same list. */
const unreadable = ["garbage", "", "null", "5", "[]", "{}", "\u0000\u0001", JSON.stringify({ id: {}, element: {} })]

export const rows = [
  row("heads of the queue that are no batch", ({ handOver, relay, retire, server }) =>
    Effect.gen(function*() {
      const redis = yield* Effect.flatten(RedisClient.connect({ path: server.url.slice("unix://".length) }))
      const first = yield* relay
      for (let round = 0; round < rounds; round++) {
        yield* redis.send("LPUSH", RedisKeys.of("events").ready, ...unreadable)
        yield* emit
      }
      yield* handOver
      return yield* retire(first)
    }).pipe(Effect.orDie)),
  row("Redis killed and restarted", ({ handOver, relay, retire, server }) =>
    Effect.gen(function*() {
      const first = yield* relay
      for (let round = 0; round < rounds; round++) {
        yield* emit
        yield* server.kill
        yield* Effect.sleep(100)
        yield* server.start
      }
      yield* handOver
      return yield* retire(first)
    })),
  row("relay worker killed", ({ agent, handOver, relay }) =>
    Effect.gen(function*() {
      for (let round = 0; round < rounds; round++) {
        // It dies with batches in hand, which the intake has not taken, or has taken and not acknowledged.
        agent.configure(
          round % 2 === 0 ? { evpStatus: 503, deliverRefused: false } : { evpStatus: 502, deliverRefused: true }
        )
        const before = sent(agent)
        const victim = yield* relay
        yield* emit
        yield* handOver
        yield* eventually(Effect.sync(() => sent(agent) > before), 20_000)
        yield* victim.kill("SIGKILL")
      }
      agent.configure({ evpStatus: 202, deliverRefused: false })
    }))
]
