/**
 * The keys of a queue in Redis.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Redis from "effect/persistence/Redis"
import type { QueueStatus } from "../../ports/RelayQueue.ts"

/**
 * The prefix of all keys. The braces put them in one slot of a cluster, which the queue's scripts need.
 *
 * @category constants
 * @since 0.1.0
 */
export const prefix = "{effect-llmobs}:"

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
  const count = (command: string, key: string) => Effect.map(redis.send(command, `${prefix}${name}${key}`), Number)
  return Effect.map(
    Effect.all([count("LLEN", ""), count("ZCARD", ":delayed"), count("HLEN", ":pending"), count("LLEN", ":failed")], {
      concurrency: "unbounded"
    }),
    ([ready, delayed, claimed, setAside]) => ({ waiting: ready + delayed, claimed, setAside, limit })
  )
}
