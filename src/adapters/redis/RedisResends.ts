/**
 * The number of events of a batch that a relay sent again after an ambiguous outcome. It is written to Redis before
 * they are sent, so that the next relay can count them if this one is killed.
 */
import * as Effect from "effect/Effect"
import * as Redis from "effect/persistence/Redis"
import type { Connection } from "./RedisClient.ts"
import { quietly } from "./RedisClient.ts"
import * as RedisKeys from "./RedisKeys.ts"

export interface RedisResends {
  /** The events of a batch that earlier relays sent again. It waits until Redis answers. */
  readonly read: (id: string) => Effect.Effect<number>
  /** Adds to them, or subtracts. Returns whether Redis confirmed it. */
  readonly add: (id: string, events: number) => Effect.Effect<boolean>
}

// Longer than a batch can be in the queue, because a relay drops events older than a day.
const keptMillis = 2 * 24 * 60 * 60 * 1000

const restMillis = 500

const add = Redis.script((key: string, events: number) => [key, events, keptMillis], {
  lua: `
redis.call("INCRBY", KEYS[1], ARGV[1])
redis.call("PEXPIRE", KEYS[1], ARGV[2])
`,
  numberOfKeys: 1
})

export const make = (options: {
  readonly connection: Connection
  readonly name: string
  readonly timeoutMillis: number
}): RedisResends => {
  const { connection, timeoutMillis } = options
  const key = (id: string) => `${RedisKeys.prefix}${options.name}:resent:${id}`
  const read = (id: string): Effect.Effect<number> =>
    Effect.flatMap(connection, (redis) => redis.send<string | null>("GET", key(id))).pipe(
      Effect.timeout(timeoutMillis),
      quietly,
      Effect.map(Number),
      Effect.catch(() => Effect.andThen(Effect.sleep(restMillis), read(id)))
    )
  return {
    read,
    add: (id, events) =>
      Effect.flatMap(connection, (redis) => redis.eval(add)(key(id), events)).pipe(
        Effect.timeout(timeoutMillis),
        quietly,
        Effect.as(true),
        Effect.orElseSucceed(() => false)
      )
  }
}
