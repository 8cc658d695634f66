import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import * as Schema from "effect/Schema"
import * as RedisClient from "../../../src/adapters/redis/RedisClient.ts"
import * as RedisRelayQueue from "../../../src/adapters/redis/RedisRelayQueue.ts"
import * as RedisRelaySource from "../../../src/adapters/redis/RedisRelaySource.ts"
import type { QueueStatus } from "../../../src/ports/RelayQueue.ts"
import * as Processes from "./Processes.ts"
import * as RedisServer from "./RedisServer.ts"

const Schedule = Schema.Array(Schema.Literals(["offer", "offer", "offer again", "deliver", "give back"]))

describe.skipIf(RedisServer.missing !== undefined)("RedisRelayQueue", () => {
  it.live("reports at intervals how full the queue is, whichever process filled it", () =>
    Effect.gen(function*() {
      const server = yield* RedisServer.make
      const connection = yield* RedisClient.connect({ path: server.url.slice("unix://".length) })
      const options = { connection, name: "trial", maxBatches: 5, timeoutMillis: 50_000 }
      const seen = yield* Queue.unbounded<QueueStatus>()
      yield* RedisRelayQueue.make({
        ...options,
        onStatus: (status) => Queue.offerUnsafe(seen, status),
        lookMillis: 10
      })
      assert.strictEqual((yield* Queue.take(seen)).waiting, 0)
      const other = yield* RedisRelayQueue.make({ ...options, onStatus: () => {} })
      yield* other.offer([{ bytes: new TextEncoder().encode("1") }])
      yield* Effect.repeat(Queue.take(seen), { until: ({ waiting }) => waiting === 1 })
    }))

  it.live.prop(
    "delivers every event that Redis accepted once, and keeps it queued until then, for any schedule",
    [Schedule],
    ([schedule]) =>
      Effect.gen(function*() {
        const server = yield* RedisServer.make
        const connection = yield* RedisClient.connect({ path: server.url.slice("unix://".length) })
        const name = "trial"
        const queue = yield* RedisRelayQueue.make({
          connection,
          name,
          maxBatches: 1_000,
          timeoutMillis: 50_000,
          onStatus: () => {}
        })
        let offered = 0
        const delivered: Array<string> = []
        const offer = (event: number) => queue.offer([{ bytes: new TextEncoder().encode(`${event}`) }])
        /** A relay that takes one batch, and delivers it or ends with it in hand. */
        const relay = (delivers: boolean) =>
          Effect.gen(function*() {
            const taken = yield* Deferred.make<void>()
            const source = RedisRelaySource.make({
              connection,
              name,
              concurrency: 1,
              pollMillis: 10,
              lockMillis: 10_000,
              say: () => {},
              handle: (batch) => {
                source.retire()
                if (!delivers) return Effect.andThen(Deferred.succeed(taken, undefined), Effect.never)
                delivered.push(...batch.events)
                return Effect.asVoid(Deferred.succeed(taken, undefined))
              }
            })
            const running = yield* Effect.forkChild(source.run)
            yield* Deferred.await(taken)
            yield* delivers ? Fiber.join(running) : Fiber.interrupt(running)
          })
        for (const step of schedule) {
          if (step === "offer") yield* offer(offered++)
          else if (step === "offer again" && offered > 0) yield* offer(offered - 1)
          else if (offered > delivered.length) yield* relay(step === "deliver")
          const status = yield* queue.status
          assert.strictEqual(status?.oldestMillis === undefined, offered === delivered.length)
          assert.strictEqual(status?.lastSuccessMillis === undefined, delivered.length === 0)
          assert.deepStrictEqual(Processes.counts(status), {
            waiting: offered - delivered.length,
            claimed: 0,
            setAside: 0,
            limit: 1_000
          })
        }
        while (delivered.length < offered) yield* relay(true)
        assert.deepStrictEqual(
          [...delivered].sort((a, b) => Number(a) - Number(b)),
          Array.from({ length: offered }, (_, event) => `${event}`)
        )
      }),
    { arbitrary: { runs: 40, size: 20 }, timeout: 300_000 }
  )
})
