/**
 * The books: where every event is.
 *
 * **Details**
 *
 * At every moment `enqueued = delivered + transferred + dropped (by reason) + pending`. Each number is counted where the
 * events are; `pending` is never computed as a difference, so the equation can fail, and a test can say so.
 *
 * @since 0.1.0
 */

/**
 * Why an event was dropped: a closed list.
 *
 * @category models
 * @since 0.1.0
 */
export type DropReason =
  | "outboxFull"
  | "expired"
  | "redaction"
  | "refused"
  | "closed"
  | "shutdown"
  | "oversized"
  | "failed"

/**
 * @category constants
 * @since 0.1.0
 */
export const dropReasons: ReadonlyArray<DropReason> = [
  "outboxFull",
  "expired",
  "redaction",
  "refused",
  "closed",
  "shutdown",
  "oversized",
  "failed"
]

/**
 * A snapshot of the books. All numbers count events.
 *
 * @category models
 * @since 0.1.0
 */
export interface Ledger {
  /** Spans that finished and produced an event, or should have. */
  readonly enqueued: number
  /** Where an event still is, by place. */
  readonly pending: {
    /** In a trace chunk that has not been decided yet. */
    readonly chunk: number
    /** In a trace payload that the Agent has not acknowledged. */
    readonly payload: number
    /** In the outbox, being sent included. */
    readonly outbox: number
  }
  readonly delivered: {
    /** The Agent answered 200 to the trace that carried it. The Agent's own filters and memory follow. */
    readonly agent: number
    /** The intake answered 2xx, directly or through the Agent's proxy. */
    readonly intake: number
  }
  /** Handed to a durable store that another process delivers from. */
  readonly transferred: number
  readonly dropped: { readonly [K in DropReason]: number }
  /** Outcomes that left open whether an event had arrived, each of which can have duplicated it. */
  readonly possibleDuplicates: number
  /** Left on its span as a last chance because the outbox refused it. */
  readonly lastChance: number
  /** Found in a durable store at start, and sent by this process. */
  readonly redelivered: number
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const empty: Ledger = {
  enqueued: 0,
  pending: { chunk: 0, payload: 0, outbox: 0 },
  delivered: { agent: 0, intake: 0 },
  transferred: 0,
  dropped: { outboxFull: 0, expired: 0, redaction: 0, refused: 0, closed: 0, shutdown: 0, oversized: 0, failed: 0 },
  possibleDuplicates: 0,
  lastChance: 0,
  redelivered: 0
}

/**
 * @category combinators
 * @since 0.1.0
 */
export const pending = (self: Ledger): number => self.pending.chunk + self.pending.payload + self.pending.outbox

/**
 * @category combinators
 * @since 0.1.0
 */
export const delivered = (self: Ledger): number => self.delivered.agent + self.delivered.intake

/**
 * @category combinators
 * @since 0.1.0
 */
export const dropped = (self: Ledger): number => {
  let total = 0
  for (const reason of dropReasons) total += self.dropped[reason]
  return total
}

/**
 * Whether the books balance.
 *
 * @category guards
 * @since 0.1.0
 */
export const balances = (self: Ledger): boolean =>
  self.enqueued === delivered(self) + self.transferred + dropped(self) + pending(self)
