/**
 * The port to a durable store of events: an event that it has committed outlives the process.
 *
 * **Details**
 *
 * An event is in a journal in one of two ways. A *copy* stands beside an event that memory holds; it is removed when the
 * event is settled. A *spilled* event is held by the journal alone, until it is loaded. Spilled events are pending and
 * counted here. No call waits for the store for more than a few milliseconds, except at the end of a program, and all are
 * total: a journal that cannot write says so and loses nothing that memory still has.
 *
 * Events go to the account that their record names (`context.account`, `""` for the layer's own), and each account is
 * loaded by itself.
 *
 * @since 0.1.0
 */
import type { SetAside } from "../domain/delivery/SetAside.ts"
import type { SpanRecord } from "../domain/span/SpanRecord.ts"

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
  /** Spilled events are another process's now: it opened their file while this one could not hold it. */
  readonly onTaken: (events: number) => void
  /** Spilled events of an account can be loaded that could not before. */
  readonly onReady: (account: string) => void
}

/**
 * @category services
 * @since 0.1.0
 */
export interface JournalService {
  /** Ends when the store has been opened, or is known to be out of reach. */
  readonly opened: Promise<void>
  /**
   * Begins to tell, and to look for events of ended processes. Ends when the first that were found have been told, or
   * cannot be found out soon. More is looked for whenever those have been read.
   */
  readonly start: (listener: Listener) => Promise<void>
  /**
   * Keeps a copy of an event; it is committed within the commit window. `text` is written in its place, where the record
   * itself must not be.
   */
  readonly append: (record: SpanRecord, text?: SpanRecord) => void
  /** Takes an event that memory has no room for, or refuses it (`false`). */
  readonly spill: (record: SpanRecord) => boolean
  /**
   * Gives the spilled events of an account that have been read ahead, oldest first, and reads up to `bytes` more ahead. The
   * events given are copies from here on. When nothing has been read yet, a `patient` call waits for a few milliseconds,
   * and otherwise `onReady` follows.
   */
  readonly load: (account: string, bytes: number, patient: boolean) => ReadonlyArray<Stored>
  /** Forgets a copy: its event is settled. A second call changes nothing. */
  readonly remove: (record: SpanRecord) => void
  /** As `remove`, and keeps in its place an event that cannot be delivered. */
  readonly setAside: (record: SpanRecord, entry: SetAside) => void
  /**
   * Events that were set aside, here and by ended processes, the oldest first. Where the store cannot be read, those that
   * wait for it.
   */
  readonly readSetAside: () => Promise<ReadonlyArray<SetAside>>
  /** Spilled events, of one account or of all. */
  readonly spilled: (account?: string) => number
  /** Their bytes; 1 while events of an ended process may be about to arrive, after which `onReady` follows. */
  readonly spilledBytes: (account: string) => number
  /** Bytes of spilled events that have been read ahead. */
  readonly readAhead: () => number
  /** Events, copies and spilled, that another process would find by the store's path if this one ended now. */
  readonly kept: () => number
  /** Commits the events that wait for the commit window, as far as the store can take them, and waits for that. */
  readonly commit: () => void
  /** Commits, and leaves the kept events to other processes. Later calls change nothing. */
  readonly close: () => void
}
