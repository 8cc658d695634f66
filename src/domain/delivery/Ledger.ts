/**
 * The ledger: the counts of events by where they are.
 *
 * **Details**
 *
 * At every moment `enqueued = delivered + transferred + dropped (by reason) + pending`. Each number is counted where
 * the events are. `pending` is never computed as a difference, so the equation can fail and a test can prove that it
 * holds.
 *
 * @since 0.1.0
 */

/**
 * The reason of a drop: a closed list.
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
 * Every reason of a drop.
 *
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
 * A snapshot of the ledger. All numbers count events.
 *
 * @category models
 * @since 0.1.0
 */
export interface Ledger {
  /** Spans that finished and should have produced an event. */
  readonly enqueued: number
  /** The events that are not settled, by place. */
  readonly pending: {
    /** In a trace chunk that has not been decided yet. */
    readonly chunk: number
    /** In a trace payload that the Agent has not acknowledged. */
    readonly payload: number
    /** In the outbox, including events that are being sent. */
    readonly outbox: number
  }
  readonly delivered: {
    /** Events in traces that the Agent answered with 200. The Agent's own filters and memory limits come after that. */
    readonly agent: number
    /** The intake answered 2xx, directly or through the Agent's proxy. */
    readonly intake: number
  }
  /**
   * Handed to a store from which another process delivers, or left to another tracer that outlives the layer and still
   * holds them.
   */
  readonly transferred: number
  readonly dropped: { readonly [K in DropReason]: number }
  /** Outcomes that left open whether an event had arrived. Each of them can have duplicated it. */
  readonly possibleDuplicates: number
  /** Events left on their span as a last chance, because the outbox refused them. */
  readonly lastChance: number
  /** Events found in a durable store at start, and sent by this process. */
  readonly redelivered: number
}

/**
 * The ledger of a process without events.
 *
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
 * The number of events that are not settled.
 *
 * @category combinators
 * @since 0.1.0
 */
export const pending = (self: Ledger): number => self.pending.chunk + self.pending.payload + self.pending.outbox

/**
 * The number of events that the Agent or the intake took.
 *
 * @category combinators
 * @since 0.1.0
 */
export const delivered = (self: Ledger): number => self.delivered.agent + self.delivered.intake

/**
 * The number of dropped events, over all reasons.
 *
 * @category combinators
 * @since 0.1.0
 */
export const dropped = (self: Ledger): number => {
  let total = 0
  for (const reason of dropReasons) total += self.dropped[reason]
  return total
}

/**
 * Whether the equation of the ledger holds.
 *
 * @category guards
 * @since 0.1.0
 */
export const balances = (self: Ledger): boolean =>
  self.enqueued === delivered(self) + self.transferred + dropped(self) + pending(self)
