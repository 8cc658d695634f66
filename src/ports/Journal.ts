/**
 * The port to a durable store of events: what it has committed outlives the process.
 *
 * **Details**
 *
 * An event is in a journal in one of two ways. A *copy* stands beside an event that memory holds; it is removed when the
 * event is settled. A *spilled* event is held by the journal alone, until it is loaded. Spilled events are pending and
 * counted here. Everything is synchronous and total: a journal that cannot write says so and loses nothing that memory
 * still has.
 *
 * @since 0.1.0
 */
import type { SpanRecord } from "../domain/SpanRecord.ts"

/**
 * An event that was loaded. `bytes` is its size in the store, `offeredAt` Unix time in milliseconds.
 *
 * @category models
 * @since 0.1.0
 */
export interface Stored {
  readonly record: SpanRecord
  readonly offeredAt: number
  readonly bytes: number
}

/**
 * What a journal tells, each in the synchronous step in which its own count changes.
 *
 * @category models
 * @since 0.1.0
 */
export interface Listener {
  /** Events that another process left are spilled events of this one now. */
  readonly onAdopted: (events: number) => void
  /** Spilled events were older than the age limit and are gone. */
  readonly onExpired: (events: number) => void
  /** Spilled events could not be read, and are no longer among those that are delivered. */
  readonly onUnreadable: (events: number) => void
  /** Spilled events are another process's now, since this one showed no sign of life. */
  readonly onTaken: (events: number) => void
  /** Spilled events can be loaded. */
  readonly onReady: () => void
}

/**
 * @category services
 * @since 0.1.0
 */
export interface JournalService {
  /** Begins to tell, and to look for what other processes left. */
  readonly start: (listener: Listener) => void
  /**
   * Keeps a copy of an event; it is committed within the commit window. `text` is what is written, where that is not the
   * record itself.
   */
  readonly append: (record: SpanRecord, text?: SpanRecord) => void
  /** Takes an event that memory has no room for, or refuses it (`false`). */
  readonly spill: (record: SpanRecord) => boolean
  /** Gives up to `bytes` of spilled events, oldest first, and at least one. From here on they are copies. */
  readonly load: (bytes: number) => ReadonlyArray<Stored>
  /** Forgets a copy: its event is settled. A second call changes nothing. */
  readonly remove: (record: SpanRecord) => void
  /** Spilled events. */
  readonly spilled: () => number
  readonly spilledBytes: () => number
  /** Events, copies and spilled, that another process would find if this one ended now. */
  readonly kept: () => number
  /** Commits what waits for the commit window, as far as the store can take it. */
  readonly commit: () => void
  /** Commits, and leaves what is kept to other processes. Later calls change nothing. */
  readonly close: () => void
}
