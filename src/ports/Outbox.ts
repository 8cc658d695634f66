/**
 * The port to the outbox: where an event waits for the LLM intake.
 *
 * @since 0.1.0
 */
import type { SpanRecord } from "../domain/span/SpanRecord.ts"

/**
 * An event in the outbox. `offeredAt` is in Unix milliseconds, `uncertain` says that it was sent once and that nobody
 * knows whether it arrived. In a relay an event is what another process rendered.
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
 * An outbox. Everything on it is synchronous: an offer is accepted or refused at once.
 *
 * @category services
 * @since 0.1.0
 */
export interface OutboxService<R = SpanRecord> {
  /** Takes an event, or refuses it (`false`) for lack of room. */
  readonly offer: (record: R, options: { readonly now: number; readonly uncertain: boolean }) => boolean
  /** Lends the oldest event to a sender. It still counts as pending. */
  readonly take: () => Item<R> | undefined
  /** Gives a lent event back, in front. */
  readonly restore: (item: Item<R>) => void
  /** Ends the loan of an event that was delivered or dropped. */
  readonly settle: (item: Item<R>) => void
  /** Events held, lent ones included. */
  readonly size: () => number
  /** Estimated bytes that wait, lent ones excluded. */
  readonly waitingBytes: () => number
  /** Takes an event that memory has no room for, to hold it elsewhere, or refuses it. Only durable outboxes can. */
  readonly spill?: (record: R) => boolean
  /** Pending events, waiting or not, that outlive this process. Only durable outboxes have such. */
  readonly kept?: () => number
  /** Leaves what is kept to other processes. */
  readonly close?: () => void
}

/**
 * The outboxes of a layer: one queue for each Datadog account that events go to, so that one of them never waits for
 * another. `""` is the layer's own account.
 *
 * @category services
 * @since 0.1.0
 */
export interface OutboxesService<R = SpanRecord> {
  /** The outbox of an account, the same one each time. */
  readonly of: (account: string) => OutboxService<R>
  /** The one in which most bytes wait. */
  readonly fullest: () => OutboxService<R> | undefined
  /** Events held, lent ones included. */
  readonly size: () => number
  /** Pending events, waiting or not, that outlive this process. Only durable outboxes have such. */
  readonly kept?: () => number
  /** Leaves what is kept to other processes. */
  readonly close?: () => void
}

/**
 * The name of the layer's own account among the accounts.
 *
 * @category constants
 * @since 0.1.0
 */
export const ownAccount = ""

/**
 * The account that an event goes to, among the accounts.
 *
 * @category accessors
 * @since 0.1.0
 */
export const accountOf = (record: SpanRecord<unknown>): string => record.context.account ?? ownAccount
