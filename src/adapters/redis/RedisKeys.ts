/**
 * The keys of a queue in Redis.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Redis from "effect/persistence/Redis"
import type { QueueStatus } from "../../ports/RelayQueue.ts"

/**
 * The prefix of all keys. The braces put them in one slot of a cluster, which the queue's scripts need.
 *
 * @category constants
 * @since 0.1.0
 */
export const prefix = "{effect-llmobs}:"

/**
 * The keys that are looked at from here. The first four are the queue's own; `:failed` holds batches that no relay could
 * read. The last two are events that the intake refused for good, and their bytes.
 *
 * @category constructors
 * @since 0.1.0
 */
export const of = (name: string) => ({
  ready: `${prefix}${name}`,
  delayed: `${prefix}${name}:delayed`,
  pending: `${prefix}${name}:pending`,
  failed: `${prefix}${name}:failed`,
  setAside: `${prefix}${name}:set-aside`,
  setAsideBytes: `${prefix}${name}:set-aside-bytes`
})

// In one step: a batch that moves meanwhile is counted once.
const count = Redis.script((...keys: [string, string, string, string, string]) => keys, {
  lua: `
return {
  redis.call("LLEN", KEYS[1]) + redis.call("ZCARD", KEYS[2]),
  redis.call("HLEN", KEYS[3]),
  redis.call("LLEN", KEYS[4]) + redis.call("LLEN", KEYS[5])
}
`,
  numberOfKeys: 5
}).withReturnType<readonly [number, number, number]>()

/**
 * Reads how full a queue is.
 *
 * @category combinators
 * @since 0.1.0
 */
export const status = (
  redis: typeof Redis.Redis.Service,
  name: string,
  limit: number
): Effect.Effect<QueueStatus, Redis.RedisError> => {
  const keys = of(name)
  return Effect.map(
    redis.eval(count)(keys.ready, keys.delayed, keys.pending, keys.failed, keys.setAside),
    ([waiting, claimed, setAside]) => ({ waiting, claimed, setAside, limit })
  )
}
