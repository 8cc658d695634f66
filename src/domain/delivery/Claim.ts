/**
 * Who has taken an event.
 *
 * **Details**
 *
 * An event has one taker. The claim is our own state and is never read from a tag, which a user could write.
 *
 * - `none`: nobody yet
 * - `riding`: it is in an APM trace payload
 * - `outbox`: the outbox accepted it
 * - `dropped`: nobody could take it, and the ledger counts why
 *
 * @since 0.1.0
 */

/**
 * @category models
 * @since 0.1.0
 */
export type Claim = "none" | "riding" | "outbox" | "dropped"
