/**
 * The port to a queue from which relays deliver: many processes hand their events over, any number of others send them.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { SetAside } from "../domain/delivery/SetAside.ts"
import type { EncodedEvent } from "./IntakeWriter.ts"
import type { Outcome } from "./Transport.ts"

/**
 * How full a queue is, counted in batches, and how much beside it waits to be read.
 *
 * @category models
 * @since 0.1.0
 */
export interface QueueStatus {
  /** Batches that no relay has taken yet. */
  readonly waiting: number
  /** Batches that a relay has in hand, or had when it died. */
  readonly claimed: number
  /** Kept to be read, and not delivered: events that the intake refused for good, and batches that no relay could read. */
  readonly setAside: number
  /** How many may wait and be claimed before no more are taken. */
  readonly limit: number
  /** How long the oldest batch that waits has waited, in milliseconds; `undefined` if none waits. */
  readonly oldestMillis: number | undefined
  /** How long ago a relay settled a batch, in milliseconds; `undefined` if none did within a month. */
  readonly lastSuccessMillis: number | undefined
}

/**
 * @category services
 * @since 0.1.0
 */
export interface RelayQueueService {
  /**
   * Hands events over, in the form in which they are sent. An answer of 2xx says that the queue has committed all of
   * them. The same events in a second offer are the same batches: they are not there twice.
   */
  readonly offer: (events: ReadonlyArray<EncodedEvent>) => Effect.Effect<Outcome>
  /** `undefined` while the queue cannot be reached. */
  readonly status: Effect.Effect<QueueStatus | undefined>
  /** What relays set aside, oldest first; `undefined` while the queue cannot be reached. It is content. */
  readonly setAside: Effect.Effect<ReadonlyArray<SetAside> | undefined>
}

/**
 * The queue that events are handed to instead of being sent, if there is one.
 *
 * @category references
 * @since 0.1.0
 */
export const CurrentRelayQueue: Context.Reference<RelayQueueService | undefined> = Context.Reference<
  RelayQueueService | undefined
>("effect-llmobs/ports/CurrentRelayQueue", { defaultValue: () => undefined })
