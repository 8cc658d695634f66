/**
 * The keys of a queue in Redis.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redis from "effect/persistence/Redis"
import type { QueueStatus } from "../../ports/RelayQueue.ts"

/** The prefix of all keys. The braces put them in one slot of a cluster, which the queue's scripts need. */
export const prefix = "{effect-llmobs}:"

/**
 * The keys that are read here. The first six are the queue's own; `:failed` holds batches that no relay could read. Two
 * of the others hold the events that the intake refused for good, and their bytes, and one the time of the last
 * success.
 */
export const of = (name: string) => ({
  ready: `${prefix}${name}`,
  delayed: `${prefix}${name}:delayed`,
  pending: `${prefix}${name}:pending`,
  failed: `${prefix}${name}:failed`,
  attempts: `${prefix}${name}:attempts`,
  owners: `${prefix}${name}:owners`,
  setAside: `${prefix}${name}:set-aside`,
  setAsideBytes: `${prefix}${name}:set-aside-bytes`,
  lastSuccess: `${prefix}${name}:last-success`
})

// One script, so that a batch that moves meanwhile is counted once.
const count = Redis.script((...keys: [string, string, string, string, string, string]) => keys, {
  lua: `
local oldest = redis.call("LINDEX", KEYS[1], 0)
return {
  redis.call("LLEN", KEYS[1]) + redis.call("ZCARD", KEYS[2]),
  redis.call("HLEN", KEYS[3]),
  redis.call("LLEN", KEYS[4]) + redis.call("LLEN", KEYS[5]),
  oldest and string.match(string.sub(oldest, 1, 400), '"offeredAt":(%d+)') or false,
  redis.call("GET", KEYS[6])
}
`,
  numberOfKeys: 6
}).withReturnType<readonly [number, number, number, string | null, string | null]>()

/** Reads the load of a queue. */
export const status = (
  redis: typeof Redis.Redis.Service,
  name: string,
  limit: number
): Effect.Effect<QueueStatus, Redis.RedisError> => {
  const keys = of(name)
  return Effect.zipWith(
    redis.eval(count)(keys.ready, keys.delayed, keys.pending, keys.failed, keys.setAside, keys.lastSuccess),
    Clock.currentTimeMillis,
    ([waiting, claimed, setAside, oldest, success], now) => ({
      waiting,
      claimed,
      setAside,
      limit,
      oldestMillis: ageOf(oldest, now),
      lastSuccessMillis: ageOf(success, now)
    })
  )
}

// The clocks of machines can differ by more than the wait of a batch.
const ageOf = (at: string | null, now: number): number | undefined =>
  at === null || !/^\d{1,15}$/.test(at) ? undefined : Math.max(0, now - Number(at))
