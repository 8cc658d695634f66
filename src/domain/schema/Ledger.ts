/**
 * The Schema of the ledger.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * The reason of a drop.
 *
 * @category schemas
 * @since 0.1.0
 */
export const DropReason = Schema.Literals([
  "outboxFull",
  "expired",
  "redaction",
  "refused",
  "closed",
  "shutdown",
  "oversized",
  "failed"
])

/**
 * The counts of events by where they are.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Ledger = Schema.Struct({
  enqueued: Schema.Natural,
  pending: Schema.Struct({ chunk: Schema.Natural, payload: Schema.Natural, outbox: Schema.Natural }),
  delivered: Schema.Struct({ agent: Schema.Natural, intake: Schema.Natural }),
  transferred: Schema.Natural,
  dropped: Schema.Struct({
    outboxFull: Schema.Natural,
    expired: Schema.Natural,
    redaction: Schema.Natural,
    refused: Schema.Natural,
    closed: Schema.Natural,
    shutdown: Schema.Natural,
    oversized: Schema.Natural,
    failed: Schema.Natural
  }),
  possibleDuplicates: Schema.Natural,
  lastChance: Schema.Natural,
  redelivered: Schema.Natural
})
