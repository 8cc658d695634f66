/**
 * Takes batches for a relay from Redis.
 *
 * **Details**
 *
 * Two laws of an outbox are weaker here. Batches are claimed in the order in which they were offered, but several
 * workers, or several relays, deliver in parallel and overtake one another. A batch that a closing relay gives back
 * goes to the end of the queue; within a relay it comes first again.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as PersistedQueue from "effect/persistence/PersistedQueue"
import * as Redis from "effect/persistence/Redis"
import type { Connection } from "./RedisClient.ts"
import { quietly } from "./RedisClient.ts"
import * as RedisKeys from "./RedisKeys.ts"
import * as RedisSetAside from "./RedisSetAside.ts"
import { RelayBatch } from "./RelayBatch.ts"
import * as RelayWatch from "./RelayWatch.ts"

/**
 * Processes a batch until all of its events are settled. If it is interrupted, the batch goes back to the queue. `id`
 * is the queue's name for it. `attempts` counts how often it was taken and not given back, including this time.
 */
export type Handle = (
  batch: RelayBatch,
  lent: { readonly id: string; readonly attempts: number }
) => Effect.Effect<void>

export interface RedisRelaySource {
  /** Takes batches until it is interrupted, or until `retire` was called and the claimed ones are settled. */
  readonly run: Effect.Effect<void>
  /** Stops taking batches. */
  readonly retire: () => void
}

// By default the queue would set a batch aside while the intake is unreachable. Lua and SQL can count up to this
// number.
const maxAttempts = 2_147_483_647

const restMillis = 500

const cleaningMillis = 3_600_000
const kept = { timeToLive: Duration.hours(1), failedTimeToLive: Duration.days(30) }

// The queue remembers the ids of finished batches, so that a late second offer of one is ignored.
const cleaning = (connection: Connection) =>
  Effect.flatMap(connection, (redis) =>
    PersistedQueue.makeStoreRedis({ prefix: RedisKeys.prefix }).pipe(
      Effect.flatMap((store) => store.cleanup(kept)),
      Effect.scoped,
      Effect.provideService(Redis.Redis, redis),
      Effect.ignore,
      Effect.andThen(Effect.sleep(cleaningMillis))
    )).pipe(Effect.forever)

// Operators want to know the time of the last success. A batch is settled even if this note fails.
const noteSuccess = (redis: typeof Redis.Redis.Service, name: string) =>
  Effect.flatMap(Clock.currentTimeMillis, (now) =>
    Effect.ignore(
      redis.send("SET", RedisKeys.of(name).lastSuccess, String(now), "PX", String(RedisSetAside.limits.keptMillis))
    ))

/**
 * **Details**
 *
 * A batch is claimed for `lockMillis`, and the claim is renewed while the relay holds it. If a relay dies, others find
 * its batches after that time. Each of the `concurrency` workers holds one batch at a time.
 */
export const make = (options: {
  readonly connection: Connection
  readonly name: string
  readonly concurrency: number
  readonly pollMillis: number
  readonly lockMillis: number
  readonly handle: Handle
  /** Called with a log line when the queue has been unreadable for a while, and when it is readable again. */
  readonly say: (line: string) => void
}): RedisRelaySource => {
  const retired = Latch.makeUnsafe(false)
  let taken = 0
  let busy = 0

  // The store's fiber that finds batches of dead relays ends at the first error, so the store is replaced regularly.
  const session = (redis: typeof Redis.Redis.Service) =>
    Effect.gen(function*() {
      const store = yield* PersistedQueue.makeStoreRedis({
        prefix: RedisKeys.prefix,
        pollInterval: Duration.millis(options.pollMillis),
        lockExpiration: Duration.millis(options.lockMillis),
        lockRefreshInterval: Duration.millis(options.lockMillis / 3)
      })
      const factory = yield* Effect.provideService(
        PersistedQueue.makeFactory,
        PersistedQueue.PersistedQueueStore,
        store
      )
      const queue = yield* factory.make({ name: options.name, schema: RelayBatch, maxAttempts })
      let isOver = false
      let isBusy = false
      // The note comes when the queue has forgotten the batch: an interruption before that would give back a batch whose
      // events have all arrived, uncounted.
      const take = Effect.andThen(
        queue.take((batch, lent) => {
          isBusy = true
          busy++
          taken++
          return options.handle(batch, lent)
        }),
        Effect.suspend(() => noteSuccess(redis, options.name))
      ).pipe(
        Effect.ensuring(Effect.sync(() => {
          if (!isBusy) return
          isBusy = false
          busy--
        }))
      )
      const over = Effect.flatMap(
        Effect.raceFirst(Effect.sleep(options.lockMillis), retired.await),
        () => {
          isOver = true
          return isBusy ? Effect.never : Effect.void
        }
      )
      const turns = Effect.whileLoop({
        while: () => !isOver && !retired.isOpen(),
        body: () => take,
        step: () => {}
      })
      yield* Effect.raceFirst(turns, over)
    }).pipe(Effect.scoped, Effect.provideService(Redis.Redis, redis))

  const rest = Effect.raceFirst(Effect.sleep(restMillis), retired.await)
  const worker = Effect.whileLoop({
    while: () => !retired.isOpen(),
    body: () => Effect.catchCause(Effect.flatMap(options.connection, session), () => rest),
    step: () => {}
  })
  const workers = Effect.all(Array.from({ length: options.concurrency }, () => worker), {
    concurrency: "unbounded",
    discard: true
  })
  const watch = RelayWatch.make({ ...options, progress: () => taken, isIdle: () => busy < options.concurrency })
  return {
    run: quietly(Effect.raceAllFirst([workers, cleaning(options.connection), watch])),
    retire: () => retired.openUnsafe()
  }
}
