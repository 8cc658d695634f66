/**
 * One file of a durable outbox: its form, its lock, its statements.
 *
 * **Details**
 *
 * `SqliteJournal` has the layout. Every function throws what the system or SQLite throws; `failureOf` says what that
 * means. A file is locked as long as it is open.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite"
import * as EventAge from "../../domain/delivery/EventAge.ts"
import type { Reason, SetAside } from "../../domain/delivery/SetAside.ts"
import * as RecordCodec from "../../domain/event/RecordCodec.ts"
import type { SpanRecord } from "../../domain/span/SpanRecord.ts"
import * as OutboxFolder from "./OutboxFolder.ts"

// Not imported, so that a bundle loads in a runtime that has no such module.
const Fs = process.getBuiltinModule("node:fs")
const Zlib = process.getBuiltinModule("node:zlib")
const sqlite = () => process.getBuiltinModule("node:sqlite")

/** A commit survives the end of the process (`process`), or the loss of power too (`power`). */
export type Durability = "process" | "power"

/**
 * `identity` and `logIdentity` name the inodes that are locked and written. `origin` is a moment of the process that made
 * the file; the times of its events are counted from there by a monotonic clock.
 */
export interface OutboxFile {
  readonly path: string
  readonly identity: string | undefined
  readonly logIdentity: string | undefined
  readonly origin: EventAge.Moment
  readonly database: DatabaseSync
  readonly begin: StatementSync
  readonly commit: StatementSync
  readonly insert: StatementSync
  readonly remove: StatementSync
  readonly count: StatementSync
  readonly read: StatementSync
  readonly peek: StatementSync
}

/** The ids of one stream: from `stream * streamSize` up to, and without, the next one's. */
export const streamSize = 2 ** 30

/** The stream of an event. */
export const streamOf = (id: number): number => Math.floor(id / streamSize)

/** The last id that a stream can have. */
export const lastOf = (stream: number): number => (stream + 1) * streamSize - 1

/** Six events of 5 KB fit a page: large rows stay out of overflow chains, which are slow to write and to delete. */
export const pageSize = 32_768

// The `application_id` of the files: "llmo".
const applicationId = 0x6c6c6d6f

// The `user_version` of the files: their form.
const form = 2

const schema = `
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${form};
  CREATE TABLE streams (id INTEGER PRIMARY KEY, account TEXT NOT NULL, events INTEGER NOT NULL DEFAULT 0) STRICT;
  CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    crc INTEGER NOT NULL,
    body TEXT NOT NULL
  ) STRICT;
  CREATE TABLE set_aside (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    status INTEGER,
    body TEXT
  ) STRICT;
  CREATE TABLE origin (boot TEXT, at INTEGER NOT NULL, uptime INTEGER NOT NULL) STRICT;
`

/** The moment from which the times in a file are counted. */
export const originIn = (database: DatabaseSync): EventAge.Moment => {
  const row = database.prepare("SELECT boot, at, uptime FROM origin").get()
  return row === undefined ? unknownOrigin : {
    unixMillis: Number(row["at"]),
    boot: row["boot"] === null ? undefined : String(row["boot"]),
    uptimeMillis: Number(row["uptime"])
  }
}

/** The origin of a file that does not tell it: its times are those of the wall clock. */
export const unknownOrigin: EventAge.Moment = { unixMillis: 0, boot: undefined, uptimeMillis: 0 }

/** The age of an event of the file in milliseconds, by the time that stands in its row. */
export const ageOf = ({ origin }: OutboxFile, at: number, now: EventAge.Moment): number => {
  const then = { unixMillis: at, boot: origin.boot, uptimeMillis: origin.uptimeMillis + at - origin.unixMillis }
  return EventAge.between(then, now)
}

// The first statement of all, before anything is read: else SQLite makes a `-shm` file, which it maps into memory.
const lock = (path: string, durability: Durability): DatabaseSync => {
  const database = new (sqlite().DatabaseSync)(path)
  try {
    database.exec("PRAGMA locking_mode = EXCLUSIVE")
    // A commit reaches the operating system in any case, and so outlives the process. With FULL it is also on the disk.
    database.exec(`PRAGMA page_size = ${pageSize}; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;
      PRAGMA synchronous = ${durability === "power" ? "FULL" : "OFF"}; BEGIN EXCLUSIVE`)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

// A damaged row can have a number beyond the safe integers. To read it as an integer would be an error, which is that of
// a whole file.
const exact = (column: string): string => `CAST(${column} AS REAL) AS ${column}`

/** Selects the rows of events with ids above one, up to and with another. */
export const selectEvents = `SELECT id, ${exact("at")}, ${exact("crc")}, body FROM events WHERE id > ? AND id <= ?`

const finishOpening = (database: DatabaseSync, path: string): OutboxFile => {
  const mode = database.prepare("PRAGMA journal_mode = WAL").get()
  if (mode?.["journal_mode"] !== "wal") throw new Error("the file system does not allow a write-ahead log")
  database.exec("PRAGMA wal_autocheckpoint = 64; PRAGMA journal_size_limit = 8388608")
  // The log is made when it is read for the first time.
  database.exec("SELECT count(*) FROM streams")
  return {
    path,
    identity: OutboxFolder.identityOf(path),
    logIdentity: OutboxFolder.identityOf(`${path}-wal`),
    origin: originIn(database),
    database,
    begin: database.prepare("BEGIN IMMEDIATE"),
    commit: database.prepare("COMMIT"),
    insert: database.prepare("INSERT INTO events (id, at, crc, body) VALUES (?, ?, ?, ?)"),
    remove: database.prepare("DELETE FROM events WHERE id = ?"),
    count: database.prepare("UPDATE streams SET events = events + ? WHERE id = ?"),
    read: database.prepare(`${selectEvents} ORDER BY id`),
    peek: database.prepare(
      `SELECT id, ${exact("at")}, octet_length(body) AS bytes FROM events WHERE id > ? AND id <= ? ORDER BY id LIMIT ?`
    )
  }
}

const orClose = <A>(database: DatabaseSync, f: () => A): A => {
  try {
    return f()
  } catch (error) {
    database.close()
    throw error
  }
}

/** Makes a new file (0600) and locks it. */
export const create = (path: string, durability: Durability, origin: EventAge.Moment): OutboxFile => {
  const database = lock(path, durability)
  return orClose(database, () => {
    // Before anything is written: SQLite gives its side files the permissions of the file.
    Fs.chmodSync(path, 0o600)
    database.exec(schema)
    database.prepare("INSERT INTO origin (boot, at, uptime) VALUES (?, ?, ?)")
      .run(origin.boot ?? null, Math.trunc(origin.unixMillis), Math.trunc(origin.uptimeMillis))
    database.exec("COMMIT")
    return finishOpening(database, path)
  })
}

/**
 * The outcome of an attempt to take a file over.
 *
 * - `foreign`: it is no file of an outbox, or one of another release; it stays as it is
 * - `unfinished`: its maker ended before it had its form; it holds nothing
 */
export type Adopted = OutboxFile | "foreign" | "unfinished"

/** Locks a file that another process left. */
export const adopt = (path: string, durability: Durability): Adopted => {
  const database = lock(path, durability)
  return orClose(database, () => {
    const found = number(database, "PRAGMA application_id")
    const isOurs = found === applicationId && number(database, "PRAGMA user_version") === form
    const isNew = found === 0 && number(database, "SELECT count(*) FROM sqlite_schema") === 0
    database.exec("ROLLBACK")
    if (isOurs) return finishOpening(database, path)
    database.close()
    return isNew ? "unfinished" : "foreign"
  })
}

/** Whether a process has the file locked, found out without writing to it. */
export const isLocked = (path: string): boolean => {
  const database = new (sqlite().DatabaseSync)(path, { readOnly: true })
  try {
    database.exec("SELECT count(*) FROM sqlite_schema")
    return false
  } catch (error) {
    return failureOf(error) === "busy"
  } finally {
    database.close()
  }
}

/** The size of the file, without its log. */
export const bytes = ({ database }: OutboxFile): number => number(database, "PRAGMA page_count") * pageSize

const number = (database: DatabaseSync, sql: string): number =>
  Number(Object.values(database.prepare(sql).get() ?? {})[0])

/**
 * Whether the paths of the file still lead to what is open. A file that was moved, replaced or taken away can be written
 * on without an error, and nothing of it can be found again.
 */
export const isReachable = ({ identity, logIdentity, path }: OutboxFile): boolean =>
  OutboxFolder.identityOf(path) === identity && OutboxFolder.identityOf(`${path}-wal`) === logIdentity

/** Runs `f` in one transaction. An error undoes the transaction and is thrown on. */
export const transaction = <A>(self: OutboxFile, f: () => A): A => {
  self.begin.run()
  try {
    const value = f()
    self.commit.run()
    return value
  } catch (error) {
    // A full disk makes SQLite undo the transaction by itself.
    if (self.database.isTransaction) self.database.exec("ROLLBACK")
    throw error
  }
}

/** Writes an event inside a transaction, and gives the length of its text. */
export const write = (self: OutboxFile, id: number, at: number, record: SpanRecord | string): number => {
  const body = typeof record === "string" ? record : RecordCodec.encode(record)
  self.insert.run(id, Math.trunc(at), Zlib.crc32(body), body)
  return body.length
}

/** An event as it was read; `record` is `undefined` when its text (`body`) is not the text that was written. */
export interface Found {
  readonly id: number
  readonly at: number
  readonly bytes: number
  readonly body: string
  readonly record: SpanRecord | undefined
}

/** Reads events with ids above `after`, up to and with `upTo`: at most `bytes` of them, and at least one. */
export const read = (self: OutboxFile, after: number, upTo: number, bytes: number): ReadonlyArray<Found> => {
  const entries: Array<Found> = []
  let total = 0
  for (const row of self.read.iterate(after, upTo) as unknown as Iterable<Columns>) {
    if (total > 0 && total + row.body.length > bytes) break
    total += row.body.length
    entries.push(foundOf(row))
  }
  return entries
}

/** A row of the table `events`. */
export interface Columns {
  readonly id: number
  readonly at: number
  readonly crc: number
  readonly body: string
}

/** Reads the event of a row. */
export const foundOf = ({ at, body, crc, id }: Columns): Found => ({
  id,
  at,
  bytes: body.length,
  body,
  record: Zlib.crc32(body) === crc ? RecordCodec.decode(body).value : undefined
})

/** An event without its text. */
export interface Outline {
  readonly id: number
  readonly at: number
  readonly bytes: number
}

/** At most `limit` outlines of events with ids above `after`, up to and with `upTo`. */
export const peek = (self: OutboxFile, after: number, upTo: number, limit: number): ReadonlyArray<Outline> =>
  self.peek.all(after, upTo, limit) as unknown as ReadonlyArray<Outline>

/** Whether the file holds no event. */
export const isEmpty = (self: OutboxFile): boolean => size(self) === 0

/** How many events the file holds. */
export const size = ({ database }: OutboxFile): number => number(database, "SELECT sum(events) FROM streams")

/** A stream with events in it. `bytes` is a guess, by the size of the file. */
export interface Stream {
  readonly stream: number
  readonly account: string
  readonly events: number
  readonly bytes: number
}

/** The streams of the file with events in them, in the order in which they were begun. */
export const streams = (self: OutboxFile): ReadonlyArray<Stream> => {
  const each = Math.ceil(bytes(self) / Math.max(1, size(self)))
  return self.database.prepare("SELECT id, account, events FROM streams WHERE events > 0 ORDER BY id").all().map((
    row
  ) => ({
    stream: Number(row["id"]),
    account: String(row["account"]),
    events: Number(row["events"]),
    bytes: Number(row["events"]) * each
  }))
}

/**
 * Counts events that were written (1) or deleted (-1), inside the same transaction: how many a file holds is known even
 * if its pages are damaged, and without reading them.
 */
export const count = (self: OutboxFile, ids: ReadonlyArray<number>, by: 1 | -1): void => {
  const counts = new Map<number, number>()
  for (const id of ids) counts.set(streamOf(id), (counts.get(streamOf(id)) ?? 0) + by)
  for (const [stream, events] of counts) self.count.run(events, stream)
}

/** Deletes events, inside a transaction. One that is not there changes nothing. */
export const remove = (self: OutboxFile, ids: ReadonlyArray<number>): void =>
  count(self, ids.filter((id) => Number(self.remove.run(id).changes) > 0), -1)

/** Deletes the events of a stream above an id, inside a transaction. */
export const removeAfter = (self: OutboxFile, stream: number, after: number): void => {
  const { changes } = self.database.prepare("DELETE FROM events WHERE id > ? AND id <= ?").run(after, lastOf(stream))
  self.count.run(-Number(changes), stream)
}

/** Begins a stream for events of an account, inside a transaction. */
export const beginStream = (self: OutboxFile, account: string): number =>
  Number(self.database.prepare("INSERT INTO streams (account) VALUES (?)").run(account).lastInsertRowid)

/** Bounds the file, by SQLite's own highest number of pages. A file that is larger already grows no more. */
export const bound = (self: OutboxFile, bytes: number): void =>
  self.database.exec(`PRAGMA max_page_count = ${Math.max(8, Math.floor(bytes / pageSize))}`)

/** The events that are set aside are bounded: the newest 1,000 are kept, and at most 16 MiB of them. */
export const setAsideBounds = { events: 1_000, bytes: 16 * 1024 * 1024 } as const

/** Adds events that are set aside, the newest last, inside a transaction, and takes out those beyond the bounds. */
export const setAside = (self: OutboxFile, entries: ReadonlyArray<SetAside>): void => {
  if (entries.length === 0) return
  const insert = self.database.prepare("INSERT INTO set_aside (at, reason, status, body) VALUES (?, ?, ?, ?)")
  for (const { at, event, reason, status } of entries) insert.run(Math.trunc(at), reason, status ?? null, event ?? null)
  self.database.prepare(
    `DELETE FROM set_aside WHERE id NOT IN (
      SELECT id FROM (
        SELECT id, row_number() OVER newest AS place, sum(coalesce(octet_length(body), 0)) OVER newest AS bytes
        FROM set_aside WINDOW newest AS (ORDER BY id DESC)
      ) WHERE place <= ? AND bytes <= ?
    )`
  ).run(setAsideBounds.events, setAsideBounds.bytes)
}

/** The events that are set aside, the oldest first. */
export const readSetAside = (self: Pick<OutboxFile, "database">): ReadonlyArray<SetAside> =>
  self.database.prepare(
    `SELECT ${exact("at")}, reason, ${exact("status")}, body FROM set_aside ORDER BY id`
  ).all().map((row) => ({
    reason: reasons.find((reason) => reason === row["reason"]) ?? "unreadable",
    status: row["status"] === null ? undefined : Number(row["status"]),
    at: Number(row["at"]),
    event: row["body"] === null ? undefined : String(row["body"])
  }))

const reasons: ReadonlyArray<Reason> = ["refused", "oversized", "unreadable"]

/**
 * A failure of SQLite or of the file system, by what comes next.
 *
 * - `busy`: another process has the file
 * - `full`: there is no room, on the disk or under the bound
 * - `damaged`: the file is not a sound database
 * - `unusable`: anything else: no permission, a read-only disk, an error of the device
 */
export type Failure = "busy" | "full" | "damaged" | "unusable"

const failures: ReadonlyMap<number, Failure> = new Map([
  [5, "busy"],
  [6, "busy"],
  [13, "full"],
  [11, "damaged"],
  [26, "damaged"]
])

/** The meaning of an error. */
export const failureOf = (error: unknown): Failure => {
  const { code, errcode } = error as { readonly code?: unknown; readonly errcode?: unknown }
  if (code === "ENOSPC" || code === "EDQUOT") return "full"
  return typeof errcode === "number" ? failures.get(errcode & 0xff) ?? "unusable" : "unusable"
}

const notADatabase = 26

/** Whether SQLite says that a file is no database at all. */
export const isNoDatabase = (error: unknown): boolean =>
  ((error as { readonly errcode?: number }).errcode ?? 0) % 256 === notADatabase
