/**
 * An undeliverable event, kept for inspection.
 *
 * @since 0.1.0
 */

/**
 * - `refused`: the intake refused it alone, because of its content
 * - `oversized`: it is too large for one request even after it was shrunk
 * - `unreadable`: it was found damaged in a durable store
 *
 * @category models
 * @since 0.1.0
 */
export type Reason = "refused" | "oversized" | "unreadable"

/**
 * `status` is the HTTP status of the refusal, if there was an answer. `at` is Unix time in milliseconds. `event` is the
 * JSON text that was sent, or the damaged data; `undefined` if it is too large to be kept. It is content: it can hold
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
