/**
 * The port to the outbox, in which events wait for the LLM intake.
 *
 * @since 0.1.0
 */
import type { SpanRecord } from "../domain/span/SpanRecord.ts"

/**
 * An event in the outbox. `offeredAt` is in Unix milliseconds. `uncertain` means that it was sent once with an
 * ambiguous outcome. In a relay an event is one that another process rendered.
 *
 * @category models
 * @since 0.1.0
 */
export interface Item<R = SpanRecord> {
  readonly record: R
  readonly offeredAt: number
  uncertain: boolean
}

/**
 * An outbox. Every call is synchronous: an offer is accepted or refused at once.
 *
 * @category services
 * @since 0.1.0
 */
export interface OutboxService<R = SpanRecord> {
  /** Takes an event. Returns `false` if there is no room. */
  readonly offer: (record: R, options: { readonly now: number; readonly uncertain: boolean }) => boolean
  /** Lends the oldest event to a sender. A lent event is still pending. */
  readonly take: () => Item<R> | undefined
  /** Returns a lent event to the front. */
  readonly restore: (item: Item<R>) => void
  /** Ends the loan of an event that was delivered or dropped. */
  readonly settle: (item: Item<R>) => void
  /** The number of events held, including lent ones. */
  readonly size: () => number
  /** The estimated bytes of waiting events, without lent ones. */
  readonly waitingBytes: () => number
  /**
   * Takes an event without room in memory, to hold it elsewhere. Returns `false` if it refuses. Only durable outboxes
   * have it.
   */
  readonly spill?: (record: R) => boolean
  /** The number of pending events that outlive this process. Only durable outboxes have it. */
  readonly kept?: () => number
  /** Leaves the kept events to other processes. */
  readonly close?: () => void
}

/**
 * The outboxes of a layer: one queue for each Datadog account, so that none waits for another. `""` is the layer's own
 * account.
 *
 * @category services
 * @since 0.1.0
 */
export interface OutboxesService<R = SpanRecord> {
  /** The outbox of an account, the same one each time. */
  readonly of: (account: string) => OutboxService<R>
  /** The outbox with most waiting bytes. */
  readonly fullest: () => OutboxService<R> | undefined
  /** The number of events held, including lent ones. */
  readonly size: () => number
  /** The number of pending events that outlive this process. Only durable outboxes have it. */
  readonly kept?: () => number
  /** Leaves the kept events to other processes. */
  readonly close?: () => void
}

/**
 * The name of the layer's own account.
 *
 * @category constants
 * @since 0.1.0
 */
export const ownAccount = ""

/**
 * The name of the account that an event goes to.
 *
 * @category accessors
 * @since 0.1.0
 */
export const accountOf = (record: SpanRecord<unknown>): string => record.context.account ?? ownAccount
