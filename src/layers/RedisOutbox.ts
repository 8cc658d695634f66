/**
 * A durable outbox for fleets: processes hand their events to Redis, and relays deliver them from there.
 *
 * **Details**
 *
 * The layer of LLM Observability that this one is provided to needs neither a key nor an Agent with an EVP proxy.
 * Events that do not ride a trace go to Redis in batches of up to 1 MiB, and count as `transferred` once Redis has
 * committed them. Any number of `effect-llmobs relay` processes deliver them, and may die at any moment: a dead relay's
 * batch goes to another one. Until then an event is held like any other, within the byte budget of its process. Redis
 * keeps events over its own restart as its `appendonly` or `save` settings say; it must not evict keys.
 *
 * Events that `LLMObs.withRouting` sends to another account are never handed to Redis, because a relay has one key and
 * must not get others. Their process sends them itself.
 *
 * The gauge `llmobs.queue` shows the load of the queue, by its attribute `state`: `waiting`, `claimed`, `setAside`,
 * `limit`.
 *
 * **Example** (A process of a fleet)
 *
 * ```ts
 * import * as LLMObs from "effect-llmobs/LLMObs"
 * import * as RedisOutbox from "effect-llmobs/RedisOutbox"
 * import * as Layer from "effect/Layer"
 * import * as Redacted from "effect/Redacted"
 *
 * export const Live = LLMObs.layer({ mlApp: "shop" }).pipe(
 *   Layer.provide(RedisOutbox.layer({ url: Redacted.make("rediss://queue.internal:6379") }))
 * )
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as RedisClient from "../adapters/redis/RedisClient.ts"
import * as RedisRelayQueue from "../adapters/redis/RedisRelayQueue.ts"
import * as RedisUrl from "../adapters/redis/RedisUrl.ts"
import type { SetAside } from "../domain/delivery/SetAside.ts"
import * as QueueMetrics from "../engine/books/QueueMetrics.ts"
import type { QueueStatus } from "../ports/RelayQueue.ts"
import { CurrentRelayQueue } from "../ports/RelayQueue.ts"

export type {
  /**
   * The length of a queue of relays, and how long its oldest batch has waited.
   *
   * @category models
   * @since 0.2.0
   */
  QueueStatus
}

/**
 * The address and the limits of the queue.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** `redis://`, `rediss://` or `unix://`, password included. A remote host needs `rediss`. */
  readonly url: Redacted.Redacted
  /** Allows `redis://` to a remote host. Prompts then cross the network in plain text. */
  readonly allowPlaintext?: boolean | undefined
  /** The name that processes and relays of one queue share. Default: `events`. */
  readonly queue?: string | undefined
  /** The most batches, of up to 1 MiB each, in the queue. A full queue takes no more. Default: 4,096. */
  readonly maxBatches?: number | undefined
}

/**
 * The defaults of the options. `timeoutMillis` is the deadline of one command.
 *
 * @category constants
 * @since 0.1.0
 */
export const defaults = { queue: "events", maxBatches: 4_096, timeoutMillis: 10_000 } as const

/**
 * Provide it to `LLMObs.layer`. It connects in the background and never fails. An unusable URL logs a warning, and
 * events then leave as without this layer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<never> =>
  Layer.effectContext(Effect.gen(function*() {
    const { problems, value: address } = RedisUrl.parse(Redacted.value(options.url), options)
    for (const problem of problems) {
      yield* Effect.logWarning(`effect-llmobs: ${problem.code}: ${problem.message} It is ignored.`)
    }
    if (address === undefined) return Context.empty()
    const context = yield* Effect.context<never>()
    const connection = yield* RedisClient.connect(address)
    const name = options.queue ?? defaults.queue
    const queue = yield* RedisRelayQueue.make({
      connection,
      name,
      maxBatches: options.maxBatches ?? defaults.maxBatches,
      timeoutMillis: defaults.timeoutMillis,
      onStatus: QueueMetrics.make(name, context)
    })
    return Context.make(CurrentRelayQueue, queue) as Context.Context<never>
  }))

/**
 * The load of the queue. `undefined` without a queue, or while Redis is unreachable.
 *
 * @category delivery
 * @since 0.1.0
 */
export const status: Effect.Effect<QueueStatus | undefined> = Effect.flatMap(
  CurrentRelayQueue,
  (queue) => queue === undefined ? Effect.undefined : queue.status
)

/**
 * The events that the intake refused for good, and the batches that no relay could read, oldest first: the newest 1,000
 * of each, and up to 16 MiB. `undefined` without a queue, or while Redis is unreachable. They are content.
 *
 * @category delivery
 * @since 0.1.0
 */
export const setAside: Effect.Effect<ReadonlyArray<SetAside> | undefined> = Effect.flatMap(
  CurrentRelayQueue,
  (queue) => queue === undefined ? Effect.undefined : queue.setAside
)
