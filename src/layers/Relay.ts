/**
 * A relay: it delivers what other processes handed to Redis.
 *
 * **Details**
 *
 * Start as many as are needed, as `effect-llmobs relay` or by this layer. They share the work, need nothing from one
 * another, and may die at any moment. Each finds its way to the intake as any program does: through the Agent's EVP proxy,
 * or direct with a key and a site.
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
import * as Option from "effect/Option"
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
 * The queue, and how to reach the intake. What is left out is read from the `DD_*` variables.
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
  /** How many batches this relay has in hand at a time. Default 4. */
  readonly concurrency?: number | undefined
  /** How long others leave the batches of a relay alone that died. In milliseconds, at least 1,000; default 30,000. */
  readonly lockMillis?: number | undefined
  /** How often an empty queue is looked at, in milliseconds. Default 500. */
  readonly pollMillis?: number | undefined
}

/**
 * A relay that runs.
 *
 * @category services
 * @since 0.1.0
 */
export class Relay extends Context.Service<Relay, {
  /** The books of this relay: `enqueued` is what it took from the queue. */
  readonly ledger: Effect.Effect<Ledger>
  /** Sends what is in hand. */
  readonly flush: DeliveryService["flush"]
  /** `undefined` while Redis cannot be reached. */
  readonly status: Effect.Effect<QueueStatus | undefined>
  /** What this relay and others set aside; `undefined` while Redis cannot be reached. It is content. */
  readonly setAside: Effect.Effect<ReadonlyArray<SetAside> | undefined>
}>()("effect-llmobs/Relay") {}

const defaults = { concurrency: 4, lockMillis: 30_000, pollMillis: 500 } as const

/**
 * Says that a relay cannot start, since the URL of Redis cannot be used.
 *
 * @category errors
 * @since 0.1.0
 */
export class RelayError extends Error {
  readonly _tag = "RelayError"
}

/**
 * Runs a relay. Closing it sends what is in hand, for at most `flushTimeout`, and gives the rest back to the queue.
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

// As a process that has nothing to hand over.
const once = <A>(options: RedisOutbox.Options, ask: Effect.Effect<A | undefined>): Effect.Effect<A | undefined> =>
  ask.pipe(
    Effect.timeoutOption(3_000),
    Effect.map(Option.getOrUndefined),
    Effect.provide(RedisOutbox.layer(options))
  )

/**
 * Asks how full a queue is, without delivering anything. It waits up to 3 seconds for Redis; `undefined` says that it
 * could not be reached.
 *
 * @category delivery
 * @since 0.1.0
 */
export const statusOnce = (options: RedisOutbox.Options): Effect.Effect<QueueStatus | undefined> =>
  once(options, RedisOutbox.status)

/**
 * Reads what the relays of a queue set aside, as `RedisOutbox.setAside` does. It waits up to 3 seconds for Redis;
 * `undefined` says that it could not be reached.
 *
 * @category delivery
 * @since 0.1.0
 */
export const setAsideOnce = (
  options: RedisOutbox.Options
): Effect.Effect<ReadonlyArray<SetAside> | undefined> => once(options, RedisOutbox.setAside)

/**
 * How full the queue is.
 *
 * @category delivery
 * @since 0.1.0
 */
export const status: Effect.Effect<QueueStatus | undefined, never, Relay> = Effect.flatMap(
  Relay,
  (relay) => relay.status
)

/**
 * The books of the relay.
 *
 * @category delivery
 * @since 0.1.0
 */
export const ledger: Effect.Effect<Ledger, never, Relay> = Effect.flatMap(Relay, (relay) => relay.ledger)

/**
 * The events that the intake refused for good, and the batches that no relay could read, as `RedisOutbox.setAside` gives
 * them.
 *
 * @category delivery
 * @since 0.1.0
 */
export const setAside: Effect.Effect<ReadonlyArray<SetAside> | undefined, never, Relay> = Effect.flatMap(
  Relay,
  (relay) => relay.setAside
)
