import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as RedisClient from "../../../src/adapters/redis/RedisClient.ts"
import * as RedisKeys from "../../../src/adapters/redis/RedisKeys.ts"
import * as RedisSetAside from "../../../src/adapters/redis/RedisSetAside.ts"
import type { SetAside } from "../../../src/domain/delivery/SetAside.ts"
import * as RedisServer from "./RedisServer.ts"

const name = "trial"
const keys = RedisKeys.of(name)
const mebibyte = 1024 * 1024

const entry = (at: number, event = "{}"): SetAside => ({ reason: "refused", status: 400, at, event })

const open = Effect.gen(function*() {
  const server = yield* RedisServer.make
  const connection = yield* RedisClient.connect({ path: server.url.slice("unix://".length) })
  const redis = yield* connection
  const log = RedisSetAside.make({ connection, name, timeoutMillis: 50_000 })
  return { server, redis, connection, ...log, read: RedisSetAside.read(redis, name) }
})

const ats = (entries: ReadonlyArray<SetAside>) => entries.map(({ at }) => at)
const upTo = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

describe.skipIf(RedisServer.missing !== undefined)("RedisSetAside", { concurrent: true }, () => {
  it.live("reads set-aside events as they were written, oldest first", () =>
    Effect.gen(function*() {
      const { add, read, written } = yield* open
      const entries: ReadonlyArray<SetAside> = [
        entry(1, `{"text":"é\\u0000\\"😀","start_ns":1700000000123456789}`),
        { reason: "oversized", status: undefined, at: 2, event: undefined },
        { reason: "refused", status: 422, at: 3, event: "" }
      ]
      for (const one of entries) add(one)
      yield* written
      assert.deepStrictEqual(yield* read, entries)
    }))

  it.live("keeps the newest thousand events of any number of relays, for a month", () =>
    Effect.gen(function*() {
      const { add, connection, read, redis, written } = yield* open
      const other = RedisSetAside.make({ connection, name, timeoutMillis: 50_000 })
      for (const at of upTo(1, 700)) add(entry(at))
      yield* written
      for (const at of upTo(701, 1_300)) other.add(entry(at))
      yield* other.written
      assert.deepStrictEqual(ats(yield* read), upTo(301, 1_300))
      for (const key of [keys.setAside, keys.setAsideBytes]) {
        const left = Number(yield* redis.send("PTTL", key))
        assert.isAbove(left, 0)
        assert.isAtMost(left, RedisSetAside.limits.keptMillis)
      }
    }))

  it.live("bounds the set-aside events in bytes, and counts each event once", () =>
    Effect.gen(function*() {
      const { add, read, redis, written } = yield* open
      const text = "x".repeat(mebibyte)
      for (const at of upTo(1, 40)) {
        add(entry(at, text))
        yield* written
      }
      assert.deepStrictEqual(ats(yield* read), upTo(26, 40))
      const lines = yield* redis.send<ReadonlyArray<string>>("LRANGE", keys.setAside, "0", "-1")
      assert.strictEqual(
        Number(yield* redis.send("GET", keys.setAsideBytes)),
        lines.reduce((sum, line) => sum + line.length, 0)
      )
      add(entry(41, "x".repeat(17 * mebibyte)))
      yield* written
      assert.deepStrictEqual((yield* read).at(-1), { ...entry(41), event: undefined })
      assert.strictEqual((yield* read).length, 16)
    }))

  it.live("begins anew after the list is deleted", () =>
    Effect.gen(function*() {
      const { add, read, redis, written } = yield* open
      for (const at of upTo(1, 15)) add(entry(at, "x".repeat(mebibyte)))
      yield* written
      yield* redis.send("DEL", keys.setAside)
      for (const at of upTo(16, 20)) add(entry(at, "x".repeat(mebibyte)))
      yield* written
      assert.deepStrictEqual(ats(yield* read), upTo(16, 20))
    }))

  it.live("waits while Redis is unavailable", () =>
    Effect.gen(function*() {
      const { add, connection, read, redis, server, written } = yield* open
      add(entry(1))
      yield* written
      yield* server.kill
      const impatient = RedisSetAside.make({ connection, name, timeoutMillis: 50 })
      impatient.add(entry(2))
      yield* impatient.written
      yield* server.start
      // The client comes back by itself.
      yield* Effect.retry(redis.send("PING"), { schedule: Schedule.spaced(20), times: 500 })
      yield* impatient.written
      assert.deepStrictEqual(ats(yield* read), [1, 2])
    }))

  it.live("shows set-aside events together with elements that no relay could read", () =>
    Effect.gen(function*() {
      const { add, read, redis, written } = yield* open
      for (const text of [`{"id":"a","element":1,"failedAt":5}`, "nonsense", "null"]) {
        yield* redis.send("RPUSH", keys.failed, text)
      }
      yield* redis.send("RPUSH", keys.setAside, "nonsense")
      yield* redis.send("RPUSH", keys.setAside, `{"reason":"else","status":"x","at":"y","event":7}`)
      add(entry(9))
      yield* written
      const unreadable = { reason: "unreadable", status: undefined, at: 0 } as const
      assert.deepStrictEqual(yield* read, [
        { ...unreadable, at: 5, event: `{"id":"a","element":1,"failedAt":5}` },
        { ...unreadable, event: "nonsense" },
        { ...unreadable, event: "null" },
        { ...unreadable, event: undefined },
        { ...unreadable, event: undefined },
        entry(9)
      ])
      assert.strictEqual((yield* RedisKeys.status(redis, name, 1)).setAside, 6)
    }))
})
