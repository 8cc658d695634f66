import { assert, describe, it } from "@effect/vitest"
import * as LLMObs from "effect-llmobs/LLMObs"
import * as RedisOutbox from "effect-llmobs/RedisOutbox"
import * as Relay from "effect-llmobs/Relay"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as DevAgents from "../../src/adapters/devagent/DevAgent.ts"
import * as RedisClient from "../../src/adapters/redis/RedisClient.ts"
import * as RedisKeys from "../../src/adapters/redis/RedisKeys.ts"
import * as QueueMetrics from "../../src/engine/books/QueueMetrics.ts"
import * as Processes from "../adapters/redis/Processes.ts"
import * as RedisServer from "../adapters/redis/RedisServer.ts"

const span = (input: string) => Effect.void.pipe(LLMObs.llm("call", { model: "m", provider: "p", input }))

const emit = (
  server: RedisServer.RedisServer,
  inputs: ReadonlyArray<string>,
  options: Partial<RedisOutbox.Options> = {}
) =>
  Effect.andThen(Effect.forEach(inputs, span), LLMObs.flush).pipe(
    Effect.provide(Layer.provide(
      LLMObs.layer({ mlApp: "fleet", apm: "off", agentless: true, flushTimeout: "30 seconds" }),
      RedisOutbox.layer({ url: Redacted.make(server.url), ...options })
    ))
  )

const settled = Relay.ledger.pipe(
  Effect.filterOrFail(({ enqueued, pending }) => enqueued > 0 && pending.outbox === 0, () => "not yet" as const),
  Effect.retry({ schedule: Schedule.spaced(20), times: 1_000 }),
  Effect.orDie
)

const gauges = Effect.map(Metric.snapshot, (metrics) =>
  Object.fromEntries(
    metrics.flatMap(({ attributes, id, state }) =>
      id === QueueMetrics.name && attributes?.["queue"] === "shown"
        ? [[attributes["state"], (state as { readonly value: number }).value]]
        : []
    )
  ))

describe.skipIf(RedisServer.missing !== undefined)("the health of relays", { concurrent: true }, () => {
  it.live("counts, keeps and shows the events that the intake refuses for good to programs and operators", () =>
    Effect.gen(function*() {
      const server = yield* RedisServer.make
      const agent = yield* DevAgents.make()
      agent.configure({ evpStatus: 400 })
      yield* emit(server, ["first", "second"])
      const redis = yield* Effect.flatten(RedisClient.connect({ path: server.url.slice("unix://".length) }))
      const newer = { id: "newer", element: { version: 2, offeredAt: 0, events: [] } }
      yield* redis.send("RPUSH", RedisKeys.of("events").ready, JSON.stringify(newer))
      const [books, kept, status] = yield* Effect.gen(function*() {
        const books = yield* settled
        const status = yield* Relay.status.pipe(
          Effect.filterOrFail((status) => status?.claimed === 0 && status.setAside === 3, () => "not yet" as const),
          Effect.retry({ schedule: Schedule.spaced(20), times: 1_000 }),
          Effect.orDie
        )
        return [books, yield* Relay.setAside, status] as const
      }).pipe(
        Effect.provide(Relay.layer({ url: Redacted.make(server.url), agentUrl: agent.url, pollMillis: 20 }))
      )
      assert.strictEqual(books.dropped.refused, 2)
      assert.deepStrictEqual(Processes.counts(status), { waiting: 0, claimed: 0, setAside: 3, limit: 4_096 })
      assert.deepStrictEqual(kept?.map(({ reason, status }) => [reason, status]), [
        ["unreadable", undefined],
        ["refused", 400],
        ["refused", 400]
      ])
      assert.deepStrictEqual(
        kept!.slice(1).map(({ event }) => JSON.parse(event!).spans[0].meta.input.messages[0].content),
        ["first", "second"]
      )
      assert.deepStrictEqual(yield* Relay.setAsideOnce({ url: Redacted.make(server.url) }), kept)
      assert.deepStrictEqual(
        yield* RedisOutbox.setAside.pipe(Effect.provide(RedisOutbox.layer({ url: Redacted.make(server.url) }))),
        kept
      )
      const env = { EFFECT_LLMOBS_REDIS_URL: server.url }
      const [printed, code] = yield* Processes.command(["relay", "--set-aside"], env)
      assert.strictEqual(code, 0)
      assert.strictEqual(printed, kept!.map((entry) => `${JSON.stringify(entry)}\n`).join(""))
      assert.strictEqual(JSON.parse(yield* Processes.status(server.url)).setAside, 3)
    }))

  it.live("shows that no event is set aside, and that Redis is unreachable", () =>
    Effect.gen(function*() {
      const server = yield* RedisServer.make
      const ask = (url: string) => Processes.command(["relay", "--set-aside"], { EFFECT_LLMOBS_REDIS_URL: url })
      assert.deepStrictEqual(yield* ask(server.url), ["", 0])
      assert.deepStrictEqual(yield* ask("unix:///nowhere/redis"), ["effect-llmobs: Redis cannot be reached.\n", 1])
      assert.isUndefined(yield* RedisOutbox.setAside)
    }))

  it.live("shows the size of the queue as a gauge in the processes that fill it", () =>
    Effect.gen(function*() {
      const server = yield* RedisServer.make
      const options = { queue: "shown", maxBatches: 2 }
      assert.deepStrictEqual(yield* gauges, {})
      yield* emit(server, ["one"], options)
      assert.deepStrictEqual(yield* gauges, { waiting: 1, claimed: 0, setAside: 0, limit: 2 })
      yield* emit(server, ["two"], options)
      assert.deepStrictEqual(yield* gauges, { waiting: 2, claimed: 0, setAside: 0, limit: 2 })
    }))
})
