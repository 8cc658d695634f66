/**
 * The bounds of a journal, and what it says when it meets one.
 *
 * @since 0.1.0
 */
import type { Listener } from "../../ports/Journal.ts"
import type { Trouble } from "./WorkerProtocol.ts"

/**
 * The defaults and bounds. Bytes of what is not written yet are estimated ones, which for text are six times too large.
 *
 * @category constants
 * @since 0.1.0
 */
export const limits = {
  windowMillis: 5,
  /** After so long an event is posted by the next one, when the program holds its timers up. */
  longestWindowMillis: 8,
  /** What one call posts, and one transaction writes. */
  callBytes: 8 * 1024 * 1024,
  /** What one message to the thread carries. */
  messageBytes: 512 * 1024,
  /** Transactions that are asked for before the first is done: what comes meanwhile is written together. */
  batches: 2,
  /**
   * Spilled events that are not written yet: above the first bound a call waits a few milliseconds for the thread, unless
   * that failed, or many calls have waited in vain; above the second it refuses.
   */
  unwrittenBytes: 48 * 1024 * 1024,
  mostUnwrittenBytes: 96 * 1024 * 1024,
  patienceMillis: 6,
  vainWaits: 40,
  /** What is read at once. */
  loadBytes: 512 * 1024,
  /** How long is waited for an answer at the end of a process, and by whoever waits for one. */
  endMillis: 2_000,
  /** Attempts without success at the end of a process. */
  misses: 8,
  busyMillis: 5,
  retryMillis: 1_000,
  /** A thread that cannot be started is tried after a rest that doubles so often. */
  longestThreadRest: 6,
  sweepMillis: 10_000,
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
export const sentences: { readonly [K in Exclude<Trouble, "busy" | "stale"> | "unavailable" | "unreadable"]: string } =
  {
    full: "The durable outbox is full, or its disk is. Events are held in memory only until there is room.",
    damaged: "The file of the durable outbox was damaged. It was given another name, and a new one begun.",
    unusable: "The durable outbox cannot be used. Events are held in memory only; check its path and permissions.",
    ended: "The thread of the durable outbox has ended. Events are held in memory only until it runs again.",
    unavailable: "This runtime has no node:sqlite, so there is no durable outbox. Events are held in memory only.",
    unreadable: "Events in the durable outbox could not be read. They are kept in its table set_aside, and counted."
  }
