/**
 * The messages between the program's thread and the thread of the files.
 *
 * **Details**
 *
 * A journal has a channel of its own to the thread. Each request has one answer, in order; a counter in shared memory is
 * raised with each answer, so that a process that ends can wait for it.
 *
 * Files have numbers, which are never used again in the life of a journal. A request that names a file which is not open
 * any more changes nothing and finds nothing. Each answer first says what happened to files (`news`).
 */
import type { MessagePort } from "node:worker_threads"
import type { Moment } from "../../domain/delivery/EventAge.ts"
import type { SetAside } from "../../domain/delivery/SetAside.ts"
import type { SpanRecord } from "../../domain/span/SpanRecord.ts"
import type { Durability, Failure, Stream } from "./OutboxFile.ts"

/**
 * The first message of a journal. `journal` are the 12 hexadecimal digits in the names of its files. `origin` is the present
 * moment, from which the times in new files are counted. `files` and `marks` are empty unless an earlier thread has ended: then they are the files it had open, and the last id in each stream of the
 * journal's own file that it told.
 */
export interface Opening {
  readonly port: MessagePort
  readonly answers: Int32Array
  readonly folder: string
  readonly host: string
  readonly journal: string
  readonly durability: Durability
  readonly maxBytes: number
  readonly fileSystem: number | undefined
  readonly origin: Moment
  readonly nextFile: number
  readonly files: ReadonlyArray<KnownFile>
  readonly marks: ReadonlyArray<readonly [stream: number, last: number]>
}

/**
 * A file that the thread has open. `own`: events are written to it. `copyOf` is the identity of the file that it was
 * copied from, where the folder cannot be written.
 */
export interface KnownFile {
  readonly file: number
  readonly path: string
  readonly identity: string | undefined
  readonly own: boolean
  readonly copyOf: string | undefined
}

/**
 * A change of a file.
 *
 * - `opened`: its number is new
 * - `moved`: its path leads elsewhere; it can be read, and no other process will find it
 * - `damaged`: SQLite found damage; it was closed and given another name
 * - `taken`: another process opened it after the thread had ended
 * - `closed`: nothing is left in it
 */
export type News =
  | { readonly _tag: "opened"; readonly known: KnownFile }
  | { readonly _tag: "moved" | "damaged" | "taken" | "closed"; readonly file: number }

/** Something about the folder that should be said. `detail` names files and users. */
export interface Notice {
  readonly about: "foreign" | "otherUser" | "shared" | "readOnly" | "damaged"
  readonly detail: string
}

/** An event to be written: the record, or its text where a record cannot be sent. `at` is Unix time in milliseconds. */
export interface NewRow {
  readonly account: string
  readonly spilled: boolean
  readonly at: number
  readonly record: SpanRecord | string
}

/** A part of a stream of a file: ids above `after`, up to and with `upTo`. */
export interface Range {
  readonly file: number
  readonly after: number
  readonly upTo: number
}

/** An event that was read, and is what was written. `at` is Unix time in milliseconds, by the clock of the reader. */
export interface Entry {
  readonly id: number
  readonly at: number
  readonly bytes: number
  readonly record: SpanRecord
}

/** Ids of events, by the number of their file. */
export type Removals = ReadonlyMap<number, ReadonlyArray<number>>

/**
 * The requests, by name.
 *
 * - `open`: open a file of our own, if none is open
 * - `write`: take out `removals`, keep `asides`, write the rows that came before it
 * - `load`: read at most `bytes`, and at least one event
 * - `expire`: take out events at the beginning of a range that are older than `maxAgeMillis`
 * - `adopt`: take over the next file that another process left
 * - `tidy`: look whether our files are where they were, and put the folder in order
 * - `readSetAside`: read what was set aside
 * - `release`: leave all to others, and close the files
 */
export interface Requests {
  readonly open: object
  readonly write: { readonly removals: Removals; readonly asides: ReadonlyArray<SetAside> }
  readonly load: Range & { readonly bytes: number; readonly now: Moment }
  readonly expire: Range & { readonly maxAgeMillis: number; readonly now: Moment }
  readonly adopt: object
  readonly tidy: object
  readonly readSetAside: object
  readonly release: object
}

/** Their answers. */
export interface Answers {
  readonly open: object
  /** Where each row was written, and the bytes of its text: of the first ones, as many as there is room for. */
  readonly write: { readonly file: number; readonly ids: ReadonlyArray<number>; readonly bytes: ReadonlyArray<number> }
  /** `after` is the last id that was read, `unreadable` how many were set aside, `end` that nothing more is in the range. */
  readonly load: {
    readonly entries: ReadonlyArray<Entry>
    readonly after: number
    readonly count: number
    readonly bytes: number
    readonly unreadable: number
    readonly end: boolean
  }
  readonly expire: { readonly count: number; readonly bytes: number; readonly after: number; readonly more: boolean }
  readonly adopt: {
    readonly file: number | undefined
    readonly streams: ReadonlyArray<Stream>
    readonly notices: ReadonlyArray<Notice>
  }
  readonly tidy: object
  readonly readSetAside: ReadonlyArray<SetAside>
  readonly release: object
}

/** Why a request was not carried out: a file failed, the folder is refused, or the thread has ended. */
export type Trouble = Failure | "refused" | "ended"

/** The outcome of a request. */
export type Outcome<A> = { readonly value: A } | { readonly trouble: Trouble; readonly detail?: string | undefined }

/** Rows for the next `write`. There is no answer to them. */
export interface Rows {
  readonly name: "rows"
  readonly rows: ReadonlyArray<NewRow>
}

/** A request on its way. */
export type Request = {
  readonly [K in keyof Requests]: { readonly name: K; readonly request: Requests[K] }
}[keyof Requests]

/** An answer on its way. */
export interface Answer {
  readonly news: ReadonlyArray<News>
  readonly outcome: Outcome<Answers[keyof Requests]>
}
