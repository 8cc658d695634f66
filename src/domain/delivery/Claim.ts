/**
 * The taker of an event.
 *
 * **Details**
 *
 * An event has one taker. The claim is our own state. It is never read from a tag, because a user could write the tag.
 *
 * - `none`: the event has no taker yet
 * - `riding`: it is in an APM trace payload
 * - `outbox`: the outbox accepted it
 * - `dropped`: the event has no taker, and the ledger counts the reason
 *
 * @since 0.1.0
 */

/**
 * The taker of an event so far.
 *
 * @category models
 * @since 0.1.0
 */
export type Claim = "none" | "riding" | "outbox" | "dropped"
