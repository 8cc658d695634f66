import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as RedisClient from "../../../src/adapters/redis/RedisClient.ts"
import * as RedisKeys from "../../../src/adapters/redis/RedisKeys.ts"
import * as RedisRelayQueue from "../../../src/adapters/redis/RedisRelayQueue.ts"
import * as RedisRelaySource from "../../../src/adapters/redis/RedisRelaySource.ts"
import * as RedisServer from "./RedisServer.ts"

const name = "trial"
const keys = RedisKeys.of(name)

/** A relay that runs: the events that it delivered, and the lines that it logged. */
const running = (lockMillis = 10_000) =>
  Effect.gen(function*() {
    const server = yield* RedisServer.make
    const connection = yield* RedisClient.connect({ path: server.url.slice("unix://".length) })
    const redis = yield* connection
    const delivered = yield* Queue.unbounded<string>()
    const lines = yield* Queue.unbounded<string>()
    const queue = yield* RedisRelayQueue.make({
      connection,
      name,
      maxBatches: 100,
      timeoutMillis: 50_000,
      onStatus: () => {}
    })
    const source = RedisRelaySource.make({
      connection,
      name,
      concurrency: 2,
      pollMillis: 10,
      lockMillis,
      handle: (batch) => Effect.sync(() => batch.events.forEach((event) => Queue.offerUnsafe(delivered, event))),
      say: (line) => Queue.offerUnsafe(lines, line)
    })
    const offer = (event: string) => queue.offer([{ bytes: new TextEncoder().encode(event) }])
    return { redis, queue, delivered, lines, offer, start: Effect.forkScoped(source.run) }
  })

const elements: ReadonlyArray<readonly [title: string, element: string]> = [
  ["garbage", "garbage"],
  ["an empty text", ""],
  ["null", "null"],
  ["a number", "5"],
  ["a list", "[]"],
  ["an object without an id", `{"element":{"version":1,"offeredAt":0,"events":[]}}`],
  ["an object whose id is an object", `{"id":{},"element":{}}`],
  ["an object whose id does not end", `{"id":"abc\\"`],
  ["an object whose id is not a JSON text", `{"id":"a\\xb","element":{}}`],
  ["bytes that are no text", "\u0000\u0001\ufffd"]
]

describe.skipIf(RedisServer.missing !== undefined)("unreadable elements", { concurrent: true }, () => {
  for (const [title, element] of elements) {
    it.live(`sets an unreadable element aside, counts it and delivers the batch behind it: ${title}`, () =>
      Effect.gen(function*() {
        const { delivered, lines, offer, queue, redis, start } = yield* running()
        yield* redis.send("RPUSH", keys.ready, element)
        yield* offer("behind")
        yield* start
        assert.strictEqual(yield* Queue.take(delivered), "behind")
        assert.strictEqual((yield* queue.status)?.setAside, 1)
        const [kept] = (yield* queue.setAside)!
        assert.strictEqual(kept!.reason, "unreadable")
        assert.isAbove(kept!.at, 0)
        assert.strictEqual(JSON.parse(kept!.event!).element, element)
        assert.strictEqual(
          yield* Queue.take(lines),
          "Set aside 1 elements of the queue that are no batches. effect-llmobs relay --set-aside prints them."
        )
      }))
  }

  const deep = `${"[".repeat(50_000)}${"]".repeat(50_000)}`
  for (
    const [what, element] of [
      ["broken behind it", `{"id":"broken","element":{`],
      ["nested very deeply", `{"id":"broken","element":{"version":1,"offeredAt":0,"events":${deep}}}`]
    ] as const
  ) {
    it.live(`sets aside an element that has an id and is ${what}`, () =>
      Effect.gen(function*() {
        const { delivered, lines, offer, queue, redis, start } = yield* running(200)
        yield* redis.send("RPUSH", keys.ready, element)
        yield* start
        assert.include(yield* Queue.take(lines), "no batches")
        assert.include((yield* queue.setAside)![0]!.event!, "broken")
        yield* offer("behind")
        assert.strictEqual(yield* Queue.take(delivered), "behind")
        yield* Effect.repeat(queue.status, { until: (status) => status?.claimed === 0 })
      }))
  }

  it.live("delivers a batch whatever its events contain, beside an unreadable element", () =>
    Effect.gen(function*() {
      const { delivered, offer, queue, redis, start } = yield* running()
      yield* redis.send("RPUSH", keys.ready, "garbage")
      const event = JSON.stringify({ text: "\ud800 \u0000 \"quoted\" é 😀" })
      yield* offer(event)
      yield* start
      assert.strictEqual(yield* Queue.take(delivered), event)
      assert.strictEqual((yield* queue.status)?.setAside, 1)
    }))
})

describe.skipIf(RedisServer.missing !== undefined)("a relay that cannot take elements", { concurrent: true }, () => {
  it.live("logs why a relay cannot take from the queue, and when it can again", () =>
    Effect.gen(function*() {
      const { delivered, lines, offer, redis, start } = yield* running()
      yield* redis.send("SET", keys.ready, "a text where a list belongs")
      yield* start
      assert.match(
        yield* Queue.take(lines),
        /^The relay has taken nothing from the queue for \d+ s: Redis answers with WRONGTYPE\.$/
      )
      yield* redis.send("DEL", keys.ready)
      assert.strictEqual(yield* Queue.take(lines), "The relay takes batches from the queue again.")
      yield* offer("behind")
      assert.strictEqual(yield* Queue.take(delivered), "behind")
    }))

  it.live("reports how long the oldest batch has waited, and when the last one was settled", () =>
    Effect.gen(function*() {
      const { delivered, offer, queue, start } = yield* running()
      const empty = (yield* queue.status)!
      assert.deepStrictEqual([empty.oldestMillis, empty.lastSuccessMillis], [undefined, undefined])
      yield* offer("one")
      const waiting = (yield* queue.status)!
      assert.isAtLeast(waiting.oldestMillis!, 0)
      assert.isUndefined(waiting.lastSuccessMillis)
      yield* start
      yield* Queue.take(delivered)
      const settled = yield* Effect.repeat(queue.status, { until: (status) => status?.lastSuccessMillis !== undefined })
      assert.isUndefined(settled!.oldestMillis)
      assert.isAtLeast(settled!.lastSuccessMillis!, 0)
    }))
})
