/**
 * The port to a queue of relays: many processes hand their events over, and any number of others deliver them.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { SetAside } from "../domain/delivery/SetAside.ts"
import type { EncodedEvent } from "./IntakeWriter.ts"
import type { Outcome } from "./Transport.ts"

/**
 * The load of a queue, in batches, and the number of entries kept for inspection.
 *
 * @category models
 * @since 0.1.0
 */
export interface QueueStatus {
  /** Batches that no relay has taken yet. */
  readonly waiting: number
  /** Batches that a relay holds, or held when it died. */
  readonly claimed: number
  /** Entries kept for inspection and not delivered: refused events, and batches that no relay could read. */
  readonly setAside: number
  /** The most batches, waiting and claimed. A full queue takes no more. */
  readonly limit: number
  /** The age of the oldest waiting batch, in milliseconds. `undefined` if none waits. */
  readonly oldestMillis: number | undefined
  /** The time since a relay last settled a batch, in milliseconds. `undefined` if none did within a month. */
  readonly lastSuccessMillis: number | undefined
}

/**
 * A queue of relays. No effect fails.
 *
 * @category services
 * @since 0.1.0
 */
export interface RelayQueueService {
  /**
   * Hands encoded events over. An answer of 2xx means that the queue has committed all of them. The same events in a
   * second offer are the same batches and are not queued twice.
   */
  readonly offer: (events: ReadonlyArray<EncodedEvent>) => Effect.Effect<Outcome>
  /** `undefined` while the queue is unreachable. */
  readonly status: Effect.Effect<QueueStatus | undefined>
  /** The entries that relays set aside, oldest first. `undefined` while the queue is unreachable. They are content. */
  readonly setAside: Effect.Effect<ReadonlyArray<SetAside> | undefined>
}

/**
 * The queue that takes events instead of the intake, if there is one.
 *
 * @category references
 * @since 0.1.0
 */
export const CurrentRelayQueue: Context.Reference<RelayQueueService | undefined> = Context.Reference<
  RelayQueueService | undefined
>("effect-llmobs/ports/CurrentRelayQueue", { defaultValue: () => undefined })
