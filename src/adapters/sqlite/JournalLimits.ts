/**
 * The bounds of a journal.
 */
/**
 * The defaults and bounds. Bytes of events that are not written yet are estimated ones, six times too large for text.
 */
export const limits = {
  windowMillis: 5,
  /** After so long an event is posted by the next one, when the program holds its timers up. */
  longestWindowMillis: 8,
  /** One call posts, and one transaction writes, at most so much. */
  callBytes: 8 * 1024 * 1024,
  /** One message to the thread carries so much. */
  messageBytes: 512 * 1024,
  /** Transactions that are asked for before the first is done: later events are written together. */
  batches: 2,
  /**
   * Spilled events that are not written yet: above the first bound a call waits a few milliseconds for the thread, unless
   * that failed, or many calls have waited in vain; above the second it refuses.
   */
  unwrittenBytes: 48 * 1024 * 1024,
  mostUnwrittenBytes: 96 * 1024 * 1024,
  patienceMillis: 6,
  vainWaits: 40,
  /** One request reads at most so much. */
  loadBytes: 512 * 1024,
  /** The longest wait for an answer at the end of a process, and for one that was asked for. */
  endMillis: 2_000,
  /** Attempts without success at the end of a process. */
  misses: 8,
  /** How often a journal that closes writes anew what was in a file that is gone. */
  rewrites: 3,
  retryMillis: 1_000,
  /** A thread that cannot be started is tried after a rest that doubles so often. */
  longestThreadRest: 6,
  /** How often the folder is searched for files of ended processes. */
  sweepMillis: 5_000,
  maxBytes: 1024 * 1024 * 1024
} as const
