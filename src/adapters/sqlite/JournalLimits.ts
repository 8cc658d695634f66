/**
 * The bounds of a journal, and what it says when it meets one.
 *
 * @since 0.1.0
 */
import type { Listener } from "../../ports/Journal.ts"
import type { Failure } from "./EventFile.ts"

/**
 * The defaults and bounds.
 *
 * @category constants
 * @since 0.1.0
 */
export const limits = {
  windowMillis: 5,
  longestWindowMillis: 8,
  callBytes: 2 * 1024 * 1024,
  loadBytes: 256 * 1024,
  uncommittedSpillBytes: 8 * 1024 * 1024,
  /** Removals in one transaction. */
  removals: 1_000,
  /** Events that one call counts or expires. */
  slice: 500,
  /** Attempts without success at the end of a process. */
  misses: 8,
  busyMillis: 5,
  retryMillis: 1_000,
  sweepMillis: 10_000,
  /** Damaged files that are given another name, in the life of a journal. */
  newFiles: 3,
  maxBytes: 1024 * 1024 * 1024
} as const

const ignore = () => {}

/**
 * Who listens until the journal is started.
 *
 * @category constants
 * @since 0.1.0
 */
export const silent: Listener = {
  onAdopted: ignore,
  onExpired: ignore,
  onUnreadable: ignore,
  onTaken: ignore,
  onReady: ignore
}

/**
 * What is said once for each kind of failure.
 *
 * @category constants
 * @since 0.1.0
 */
export const sentences: { readonly [K in Exclude<Failure, "busy"> | "unreadable"]: string } = {
  full: "The durable outbox is full, or its disk is. Events are held in memory only until there is room.",
  damaged: "The file of the durable outbox was damaged. It was given another name, and a new one begun.",
  unusable: "The durable outbox cannot be used. Events are held in memory only; check its path and permissions.",
  unreadable: "Events in the durable outbox could not be read. They are kept in its table set_aside, and counted."
}
