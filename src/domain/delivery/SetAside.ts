/**
 * An event that nobody will take, kept so that somebody can read it.
 *
 * @since 0.1.0
 */

/**
 * - `refused`: the intake refused it alone, for what is in it
 * - `oversized`: it is too large for one request even after it was shrunk
 * - `unreadable`: it was found in a durable store, and is not what was written
 *
 * @category models
 * @since 0.1.0
 */
export type Reason = "refused" | "oversized" | "unreadable"

/**
 * `status` is the HTTP status of the refusal, where there was an answer. `at` is Unix time in milliseconds. `event` is JSON
 * text as it was sent, or whatever was found; `undefined` when it is too large to be kept. It is content: it can hold
 * anything that the program recorded.
 *
 * @category models
 * @since 0.1.0
 */
export interface SetAside {
  readonly reason: Reason
  readonly status: number | undefined
  readonly at: number
  readonly event: string | undefined
}
