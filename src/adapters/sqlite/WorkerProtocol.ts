/**
 * What the program's thread and the thread of the files say to each other.
 *
 * **Details**
 *
 * A journal has a channel of its own to the thread. Each request has one answer, in order; a counter in shared memory is
 * raised with each answer, so that a process that ends can wait for it.
 *
 * Ids are numbers of one file. When a damaged file is begun anew its numbers are used again, so a request says which of the
 * files it means (`epoch`), and one that means an earlier one is `stale`.
 *
 * @since 0.1.0
 */
import type { MessagePort } from "node:worker_threads"
import type { SetAside } from "../../domain/delivery/SetAside.ts"
import type { SpanRecord } from "../../domain/span/SpanRecord.ts"
import type { Durability, Failure } from "./EventFile.ts"
import type { ProcessToken } from "./ProcessToken.ts"

/**
 * How a journal introduces itself. `marks` are segments of its own with the last id in each that it knows to be written;
 * `adopted` are those it took over. Both are empty unless an earlier thread has ended.
 *
 * @category models
 * @since 0.1.0
 */
export interface Opening {
  readonly port: MessagePort
  readonly answers: Int32Array
  readonly path: string
  readonly durability: Durability
  readonly maxBytes: number
  readonly holder: string
  readonly token: ProcessToken
  readonly epoch: number
  readonly marks: ReadonlyArray<readonly [segment: number, last: number]>
  readonly adopted: ReadonlyArray<number>
}

/**
 * An event to be written: the record, or its text where a record cannot be sent. `at` is Unix time in milliseconds.
 *
 * @category models
 * @since 0.1.0
 */
export interface NewRow {
  readonly route: string
  readonly spilled: boolean
  readonly at: number
  readonly record: SpanRecord | string
}

/**
 * A part of a segment: ids above `after`, up to and with `upTo`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Range {
  readonly segment: number
  readonly after: number
  readonly upTo: number
}

/**
 * An event that was read, and is what was written.
 *
 * @category models
 * @since 0.1.0
 */
export interface Entry {
  readonly id: number
  readonly at: number
  readonly bytes: number
  readonly record: SpanRecord
}

/**
 * The requests, by name.
 *
 * - `open`: open the file, if it is not open
 * - `write`: in one transaction, take out `removals`, keep `asides`, write the rows that came before it
 * - `load`: read at most `bytes`, and at least one event
 * - `count`: count a slice above `after`
 * - `expire`: take out events at the beginning of a range that are older than `oldest`
 * - `sweep`: say that the journal lives, take over what others left, take out segments of `done` that are empty
 * - `readSetAside`: read what was set aside
 * - `release`: leave all to others, and close the file
 *
 * @category models
 * @since 0.1.0
 */
export interface Requests {
  readonly open: object
  readonly write: {
    readonly removals: ReadonlyArray<number>
    readonly asides: ReadonlyArray<SetAside>
  }
  readonly load: Range & { readonly bytes: number }
  readonly count: { readonly segment: number; readonly after: number }
  readonly expire: Range & { readonly oldest: number }
  readonly sweep: { readonly clock: number; readonly done: ReadonlyArray<number> }
  readonly readSetAside: object
  readonly release: object
}

/**
 * Their answers. `undefined` for a range says that its segment is another process's.
 *
 * @category models
 * @since 0.1.0
 */
export interface Answers {
  readonly open: object
  /** The id of each row that was written, and the bytes of its text: of the first ones, as many as the file has room for. */
  readonly write: { readonly ids: ReadonlyArray<number>; readonly bytes: ReadonlyArray<number> }
  /** `after` is the last id that was read, `unreadable` how many were set aside, `end` that nothing more is in the range. */
  readonly load:
    | {
      readonly entries: ReadonlyArray<Entry>
      readonly after: number
      readonly count: number
      readonly bytes: number
      readonly unreadable: number
      readonly end: boolean
    }
    | undefined
  readonly count: { readonly count: number; readonly bytes: number; readonly upTo: number; readonly end: boolean }
  readonly expire: { readonly count: number; readonly bytes: number; readonly after: number; readonly more: boolean }
  /** `ours` are all segments that are this journal's now, those that were just `adopted` included. */
  readonly sweep: {
    readonly adopted: ReadonlyArray<{ readonly segment: number; readonly route: string }>
    readonly ours: ReadonlyArray<number>
  }
  readonly readSetAside: ReadonlyArray<SetAside>
  readonly release: object
}

/**
 * Why a request was not carried out: the file failed, the request meant an earlier file, or the thread has ended.
 *
 * @category models
 * @since 0.1.0
 */
export type Trouble = Failure | "stale" | "ended"

/**
 * @category models
 * @since 0.1.0
 */
export type Outcome<A> = { readonly value: A } | { readonly trouble: Trouble }

/**
 * Rows for the next `write`. There is no answer to them.
 *
 * @category models
 * @since 0.1.0
 */
export interface Rows {
  readonly name: "rows"
  readonly rows: ReadonlyArray<NewRow>
}

/**
 * A request on its way.
 *
 * @category models
 * @since 0.1.0
 */
export type Request = {
  readonly [K in keyof Requests]: { readonly name: K; readonly epoch: number; readonly request: Requests[K] }
}[keyof Requests]

/**
 * An answer on its way, with the file that is the current one after it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Answer {
  readonly epoch: number
  readonly outcome: Outcome<Answers[keyof Requests]>
}
