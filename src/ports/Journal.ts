/**
 * The port to a durable store of events: an event that it has committed outlives the process.
 *
 * **Details**
 *
 * An event is in a journal in one of two ways. A *copy* duplicates an event in memory and is removed when the event is
 * settled. A *spilled* event is in the journal alone until it is loaded. Spilled events are pending and counted here.
 * No call waits for the store for more than a few milliseconds, except at the end of a program. No call throws: a
 * journal that cannot write reports it and loses no event that is still in memory.
 *
 * Events belong to the account that their record names (`context.account`, `""` for the layer's own), and each account
 * is loaded by itself.
 *
 * @since 0.1.0
 */
import type { SetAside } from "../domain/delivery/SetAside.ts"
import type { SpanRecord } from "../domain/span/SpanRecord.ts"
import type { PendingRecord } from "./LateRetention.ts"

/**
 * A loaded event. `bytes` is its size in the store, `offeredAt` Unix time in milliseconds.
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
 * The listener of a journal. Each member is called in the synchronous step in which the journal's own count changes.
 *
 * @category models
 * @since 0.1.0
 */
export interface Listener {
  /** Events of another process have become spilled events of this one. */
  readonly onAdopted: (events: number) => void
  /** Spilled events exceeded the age limit and are deleted. */
  readonly onExpired: (events: number) => void
  /** Spilled events could not be read and will not be delivered. */
  readonly onUnreadable: (events: number) => void
  /** Spilled events belong to another process, which opened their file while this one could not hold it. */
  readonly onTaken: (events: number) => void
  /** Spilled events of an account have become loadable. */
  readonly onReady: (account: string) => void
}

/**
 * A durable store of events.
 *
 * @category services
 * @since 0.1.0
 */
export interface JournalService {
  /** Resolves when the store has been opened, or is known to be unreachable. */
  readonly opened: Promise<void>
  /**
   * Begins to call the listener and to search for events of ended processes. Resolves when the first ones were
   * reported, or the search takes long. It searches again whenever those have been read.
   */
  readonly start: (listener: Listener) => Promise<void>
  /**
   * Stores the copy of an event that memory holds. It is committed within the commit window. `key` identifies the event
   * in `remove` and `setAside`, and is not read.
   */
  readonly append: (key: PendingRecord, copy: SpanRecord) => void
  /** Takes an event without room in memory. Returns `false` if it refuses. */
  readonly spill: (record: SpanRecord) => boolean
  /**
   * Returns the spilled events of an account that have been read ahead, oldest first, and reads up to `bytes` more
   * ahead. The returned events become copies. If none has been read yet, a `patient` call waits for a few milliseconds;
   * any other call returns, and `onReady` follows.
   */
  readonly load: (account: string, bytes: number, patient: boolean) => ReadonlyArray<Stored>
  /** Removes a copy, because its event is settled. A second call changes nothing. */
  readonly remove: (key: PendingRecord) => void
  /** Like `remove`, and keeps an undeliverable event in its place. */
  readonly setAside: (key: PendingRecord, entry: SetAside) => void
  /**
   * The undeliverable events of this process and of ended ones, oldest first. If the store cannot be read, only those
   * that wait to be stored.
   */
  readonly readSetAside: () => Promise<ReadonlyArray<SetAside>>
  /** The number of spilled events, of one account or of all. */
  readonly spilled: (account?: string) => number
  /** Their bytes. 1 while events of an ended process may be about to arrive; `onReady` follows. */
  readonly spilledBytes: (account: string) => number
  /** The bytes of spilled events that have been read ahead. */
  readonly readAhead: () => number
  /** The number of events, copies and spilled, that another process would find in the store if this one ended now. */
  readonly kept: () => number
  /** Commits the events that wait for the commit window, as far as the store accepts them, and waits for the commit. */
  readonly commit: () => void
  /** Commits, and leaves the kept events to other processes. Later calls have no effect. */
  readonly close: () => void
}
