/**
 * Hands batches to relays through a list in Redis.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as PersistedQueue from "effect/persistence/PersistedQueue"
import * as Redis from "effect/persistence/Redis"
import * as Scope from "effect/Scope"
import type { QueueStatus, RelayQueueService } from "../../ports/RelayQueue.ts"
import type { Outcome } from "../../ports/Transport.ts"
import type { Connection } from "./RedisClient.ts"
import { quietly } from "./RedisClient.ts"
import * as RedisKeys from "./RedisKeys.ts"
import * as RedisSetAside from "./RedisSetAside.ts"
import * as RelayBatch from "./RelayBatch.ts"

const accepted: Outcome = { _tag: "Answer", status: 202, headers: {}, body: "" }
const full: Outcome = { _tag: "Answer", status: 429, headers: {}, body: "" }
// The outcome of the offer is ambiguous. The next offer has the same id, so no batch is queued twice.
const failure = (reason: string): Outcome => ({ _tag: "Failure", bytesWritten: false, reason })

/**
 * **Details**
 *
 * A queue with `maxBatches` takes no more. Processes check before they offer, so several of them together can exceed
 * the bound by their offers in flight.
 *
 * `onStatus` is called with the state of the queue at every offer, and every `lookMillis` (10,000). That timer keeps no
 * process alive.
 */
export const make = (options: {
  readonly connection: Connection
  readonly name: string
  readonly maxBatches: number
  readonly timeoutMillis: number
  readonly onStatus: (status: QueueStatus) => void
  readonly lookMillis?: number | undefined
}): Effect.Effect<RelayQueueService, never, Scope.Scope> =>
  Effect.gen(function*() {
    const { connection, maxBatches, name, onStatus } = options
    const scope = yield* Effect.scope

    let opened: { readonly redis: typeof Redis.Redis.Service; readonly queue: Queue } | undefined
    const open = Effect.flatMap(connection, (redis) =>
      opened !== undefined
        ? Effect.succeed(opened)
        : Effect.map(openQueue(redis, name, scope), (queue) => opened ??= { redis, queue }))

    const within = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A | undefined> =>
      effect.pipe(
        Effect.timeoutOption(options.timeoutMillis),
        Effect.map(Option.getOrUndefined),
        Effect.orElseSucceed(() => undefined),
        quietly
      )

    const offer: RelayQueueService["offer"] = (events) =>
      Effect.map(
        within(Effect.gen(function*() {
          const { queue, redis } = yield* open
          const batches = RelayBatch.partition(events)
          const status = yield* RedisKeys.status(redis, name, maxBatches)
          if (status.waiting + status.claimed + batches.length > maxBatches) {
            onStatus(status)
            return full
          }
          onStatus({ ...status, waiting: status.waiting + batches.length })
          const now = yield* Clock.currentTimeMillis
          for (const part of batches) {
            const { batch, id } = RelayBatch.make(part, now)
            yield* queue.offer(batch, { id })
          }
          return accepted
        })),
        (outcome) => outcome ?? failure("REDIS")
      )

    const status = within(Effect.flatMap(connection, (redis) => RedisKeys.status(redis, name, maxBatches)))
    let looking: Fiber.Fiber<void> | undefined
    const look = Effect.map(status, (found) => {
      looking = undefined
      if (found !== undefined) onStatus(found)
    })
    yield* Effect.acquireRelease(
      Effect.sync(() =>
        setInterval(() => looking ??= Effect.runFork(look), options.lookMillis ?? defaultLookMillis).unref()
      ),
      (timer) =>
        Effect.suspend(() => {
          clearInterval(timer)
          return looking === undefined ? Effect.void : Fiber.interrupt(looking)
        })
    )

    return {
      offer,
      status,
      setAside: within(Effect.flatMap(connection, (redis) => RedisSetAside.read(redis, name)))
    }
  })

const defaultLookMillis = 10_000

type Queue = PersistedQueue.PersistedQueue<RelayBatch.RelayBatch>

const openQueue = (redis: typeof Redis.Redis.Service, name: string, scope: Scope.Scope): Effect.Effect<Queue> =>
  Effect.gen(function*() {
    const store = yield* PersistedQueue.makeStoreRedis({ prefix: RedisKeys.prefix })
    const factory = yield* Effect.provideService(
      PersistedQueue.makeFactory,
      PersistedQueue.PersistedQueueStore,
      store
    )
    return yield* factory.make({ name, schema: RelayBatch.RelayBatch })
  }).pipe(Effect.provideContext(Context.make(Redis.Redis, redis)), Scope.provide(scope))
