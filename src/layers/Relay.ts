/**
 * A relay: it delivers events that other processes handed to Redis.
 *
 * **Details**
 *
 * Start as many relays as needed, as `effect-llmobs relay` or by this layer. They share the work, are independent of
 * one another, and may die at any moment. Each sends to the intake like any program: through the Agent's EVP proxy, or
 * directly with a key and a site.
 *
 * **Example** (A relay inside a program)
 *
 * ```ts
 * import * as Relay from "effect-llmobs/Relay"
 * import * as Effect from "effect/Effect"
 * import * as Redacted from "effect/Redacted"
 *
 * const layer = Relay.layer({ url: Redacted.make("redis://localhost:6379") })
 * export const program = Effect.andThen(Relay.status, Effect.never).pipe(Effect.provide(layer))
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as RedisUrl from "../adapters/redis/RedisUrl.ts"
import type { Options as LLMObsOptions } from "../composition/Options.ts"
import * as RelayLive from "../composition/RelayLive.ts"
import * as ResolvedSettings from "../composition/ResolvedSettings.ts"
import * as Variables from "../composition/Variables.ts"
import type { Ledger } from "../domain/delivery/Ledger.ts"
import * as LongestWait from "../domain/delivery/LongestWait.ts"
import type { SetAside } from "../domain/delivery/SetAside.ts"
import type { DeliveryService } from "../ports/Delivery.ts"
import type { QueueStatus } from "../ports/RelayQueue.ts"
import * as RedisOutbox from "./RedisOutbox.ts"

/**
 * The queue, and the settings of delivery. Omitted options are read from the `DD_*` variables.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options extends
  RedisOutbox.Options,
  Pick<
    LLMObsOptions,
    "agentUrl" | "agentless" | "apiKey" | "site" | "allowUnknownSite" | "overrideOrigin" | "flushTimeout"
  >
{
  /** The most batches that this relay holds at a time. Default: 4. */
  readonly concurrency?: number | undefined
  /**
   * The time in milliseconds after which another relay may take the batches of a dead one. At least 1,000; default:
   * 30,000.
   */
  readonly lockMillis?: number | undefined
  /** The interval at which an empty queue is polled, in milliseconds. Default: 500. */
  readonly pollMillis?: number | undefined
}

/**
 * A running relay.
 *
 * @category services
 * @since 0.1.0
 */
export class Relay extends Context.Service<Relay, {
  /** The ledger of this relay: `enqueued` counts the events that it took from the queue. */
  readonly ledger: Effect.Effect<Ledger>
  /** Sends the events that it holds. */
  readonly flush: DeliveryService["flush"]
  /** `undefined` while Redis is unreachable. */
  readonly status: Effect.Effect<QueueStatus | undefined>
  /** The entries that this relay and others set aside. `undefined` while Redis is unreachable. They are content. */
  readonly setAside: Effect.Effect<ReadonlyArray<SetAside> | undefined>
}>()("effect-llmobs/Relay") {}

const defaults = { concurrency: 4, lockMillis: 30_000, pollMillis: 500 } as const

/**
 * A relay cannot start, because the URL of Redis cannot be used.
 *
 * @category errors
 * @since 0.1.0
 */
export class RelayError extends Error {
  readonly _tag = "RelayError"
}

/**
 * Runs a relay. Closing it sends the events that it holds, for at most `flushTimeout`, and gives the rest back to the
 * queue.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<Relay, RelayError> =>
  Layer.effect(
    Relay,
    Effect.gen(function*() {
      const { problems: [refused], value: address } = RedisUrl.parse(Redacted.value(options.url), options)
      if (address === undefined) return yield* Effect.fail(new RelayError(refused?.message))
      const settings = yield* ResolvedSettings.make({ ...options, apm: "off" }, yield* Variables.read)
      return Relay.of(
        yield* RelayLive.make({
          settings,
          address,
          queue: options.queue ?? RedisOutbox.defaults.queue,
          maxBatches: options.maxBatches ?? RedisOutbox.defaults.maxBatches,
          timeoutMillis: RedisOutbox.defaults.timeoutMillis,
          concurrency: Math.max(1, options.concurrency ?? defaults.concurrency),
          lockMillis: Math.max(1_000, LongestWait.bounded(options.lockMillis ?? defaults.lockMillis)),
          pollMillis: LongestWait.bounded(options.pollMillis ?? defaults.pollMillis)
        })
      )
    })
  )

// 3 seconds, in which a pause of the machine is one of ten waits: the answer that came meanwhile is read in the next one.
const patience = Effect.as(Effect.repeat(Effect.sleep(300), { times: 9 }), undefined)

// Connects like a process without events.
const once = <A>(options: RedisOutbox.Options, ask: Effect.Effect<A | undefined>): Effect.Effect<A | undefined> =>
  Effect.raceFirst(ask, patience).pipe(Effect.provide(RedisOutbox.layer(options)))

/**
 * Reads the load of a queue without delivering anything. It waits up to 3 seconds for Redis; `undefined` means that
 * Redis was unreachable.
 *
 * @category delivery
 * @since 0.1.0
 */
export const statusOnce = (options: RedisOutbox.Options): Effect.Effect<QueueStatus | undefined> =>
  once(options, RedisOutbox.status)

/**
 * Reads the entries that the relays of a queue set aside, like `RedisOutbox.setAside`. It waits up to 3 seconds for
 * Redis; `undefined` means that Redis was unreachable.
 *
 * @category delivery
 * @since 0.1.0
 */
export const setAsideOnce = (
  options: RedisOutbox.Options
): Effect.Effect<ReadonlyArray<SetAside> | undefined> => once(options, RedisOutbox.setAside)

/**
 * The load of the queue.
 *
 * @category delivery
 * @since 0.1.0
 */
export const status: Effect.Effect<QueueStatus | undefined, never, Relay> = Effect.flatMap(
  Relay,
  (relay) => relay.status
)

/**
 * The ledger of the relay.
 *
 * @category delivery
 * @since 0.1.0
 */
export const ledger: Effect.Effect<Ledger, never, Relay> = Effect.flatMap(Relay, (relay) => relay.ledger)

/**
 * The events that the intake refused for good, and the batches that no relay could read, as in `RedisOutbox.setAside`.
 *
 * @category delivery
 * @since 0.1.0
 */
export const setAside: Effect.Effect<ReadonlyArray<SetAside> | undefined, never, Relay> = Effect.flatMap(
  Relay,
  (relay) => relay.setAside
)
