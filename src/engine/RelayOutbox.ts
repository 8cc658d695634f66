/**
 * The outbox of a relay: events of batches that a queue lends it, until each is settled.
 *
 * **Details**
 *
 * A batch counts as pending while it is here. It is done when the last of its events was delivered or dropped; only then
 * does the queue forget it. A batch that is given back before counts as transferred for what is left of it, and what of it
 * had been delivered will arrive again, which is counted too.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { EncodedEvent } from "../ports/IntakeWriter.ts"
import type { OutboxService } from "../ports/Outbox.ts"
import type { LedgerBook } from "./Ledger.ts"
import * as MemoryOutbox from "./MemoryOutbox.ts"

/**
 * An event of a batch.
 *
 * @category models
 * @since 0.1.0
 */
export interface Relayed {
  readonly event: EncodedEvent
  readonly bytes: number
  /** Called when the event is settled. */
  readonly onSettled: () => void
}

/**
 * @category models
 * @since 0.1.0
 */
export interface RelayOutbox {
  readonly outbox: OutboxService<Relayed>
  /**
   * Holds a batch until it is done, or gives it back when interrupted. `attempts` counts how often the queue has lent it.
   */
  readonly hold: (events: ReadonlyArray<EncodedEvent>, offeredAt: number, attempts: number) => Effect.Effect<void>
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: {
  readonly ledger: LedgerBook
  /** Called when something can be taken. */
  readonly onReady: () => void
}): RelayOutbox => {
  const { ledger } = options
  const memory = MemoryOutbox.make<Relayed>()
  let size = 0
  return {
    outbox: {
      ...memory,
      settle: (item) => {
        memory.settle(item)
        item.record.onSettled()
      },
      size: () => size,
      kept: () => size
    },
    hold: (events, offeredAt, attempts) =>
      Effect.callback<void>((resume) => {
        let left = events.length
        size += left
        ledger.enqueued += left
        if (attempts > 1) {
          ledger.redelivered += left
          ledger.possibleDuplicates += left
        }
        let isLent = true
        const onSettled = () => {
          if (!isLent) return
          left--
          size--
          if (left === 0) resume(Effect.void)
        }
        if (left === 0) resume(Effect.void)
        for (const event of events) {
          const record = { event, bytes: event.bytes.byteLength, onSettled }
          memory.offer(record, { now: offeredAt, uncertain: attempts > 1 })
        }
        options.onReady()
        return Effect.sync(() => {
          isLent = false
          size -= left
          ledger.transferred += left
          ledger.possibleDuplicates += events.length - left
        })
      })
  }
}
