/**
 * The file of a durable outbox: its place, its form, its statements.
 *
 * **Details**
 *
 * One SQLite file in WAL mode, shared by any number of processes of one machine. All of this runs in a thread of its own,
 * see `SqliteWorker`: nobody's event loop waits for it.
 *
 * | table | a row is |
 * | --- | --- |
 * | `segments` | a range of event ids of one account, and the process that holds it; numbers are never used again |
 * | `events` | one event: `id = segment * 2^30 + n`, the time it was finished, the CRC-32 of its text, its text |
 * | `set_aside` | an event that nobody takes, or that could not be read, see `SetAsides` |
 *
 * To take over what an ended process left is to change the holder of its segments: a single small row for any number of
 * events, in one transaction, so that an event never has two holders.
 *
 * The file is readable by its owner only, and so is a folder that is created for it. Links, and files of other users,
 * are refused. SQLite itself bounds the file, by a highest number of pages.
 *
 * @since 0.1.0
 */
import * as Fs from "node:fs"
import * as Path from "node:path"
import { DatabaseSync } from "node:sqlite"
import type { StatementSync } from "node:sqlite"
import * as Zlib from "node:zlib"
import * as RecordCodec from "../../domain/event/RecordCodec.ts"
import type { SpanRecord } from "../../domain/span/SpanRecord.ts"

/**
 * What a commit survives: the end of the process, or the loss of power too.
 *
 * @category models
 * @since 0.1.0
 */
export type Durability = "process" | "power"

/**
 * @category models
 * @since 0.1.0
 */
export interface EventFile {
  readonly database: DatabaseSync
  readonly begin: StatementSync
  readonly commit: StatementSync
  readonly rollback: StatementSync
  readonly insert: StatementSync
  readonly remove: StatementSync
  readonly read: StatementSync
  readonly peek: StatementSync
  readonly holder: StatementSync
}

// Six events of 5 KB to a page: large rows stay out of overflow chains, which are slow to write and to delete.
const pageSize = 32_768

// How long a transaction waits for another process's commit before it gives up for now.
const busyMillis = 250

const setAsideTable = `
  CREATE TABLE set_aside (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    status INTEGER,
    body TEXT
  ) STRICT;
`

const schema = `
  CREATE TABLE segments (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    route TEXT NOT NULL DEFAULT '',
    holder TEXT NOT NULL,
    boot TEXT NOT NULL,
    namespace TEXT NOT NULL,
    pid INTEGER NOT NULL,
    started TEXT NOT NULL,
    beat INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    crc INTEGER NOT NULL,
    body TEXT NOT NULL
  ) STRICT;
${setAsideTable}`

// The form of the file. One of the first form is brought to it where it is; one of any other is left alone.
const form = 2

const fromFirstForm = `
  ALTER TABLE segments ADD COLUMN route TEXT NOT NULL DEFAULT '';
  ALTER TABLE set_aside RENAME TO set_aside_before;
  ${setAsideTable}
  INSERT INTO set_aside SELECT id, at, 'unreadable', NULL, body FROM set_aside_before;
  DROP TABLE set_aside_before;
`

/**
 * Opens the file, and creates it if need be. Throws what the system or SQLite throws.
 *
 * @category constructors
 * @since 0.1.0
 */
export const open = (options: {
  readonly path: string
  readonly durability: Durability
  readonly maxBytes: number
}): EventFile => {
  prepare(options.path)
  const database = new DatabaseSync(options.path)
  try {
    // While the file is being created, other processes may be creating it too.
    database.exec(`PRAGMA busy_timeout = 1000; PRAGMA page_size = ${pageSize}`)
    const mode = database.prepare("PRAGMA journal_mode = WAL").get()
    if (mode?.["journal_mode"] !== "wal") throw new Error("the file system does not allow a write-ahead log")
    // A commit reaches the operating system in any case, and so outlives the process. With FULL it is also on the disk.
    database.exec(`PRAGMA synchronous = ${options.durability === "power" ? "FULL" : "OFF"}`)
    database.exec(`PRAGMA wal_autocheckpoint = 64; PRAGMA journal_size_limit = 8388608; PRAGMA temp_store = MEMORY`)
    bringToForm(database)
    database.exec(`PRAGMA max_page_count = ${Math.max(8, Math.floor(options.maxBytes / pageSize))}`)
    database.exec(`PRAGMA busy_timeout = ${busyMillis}`)
    return {
      database,
      begin: database.prepare("BEGIN IMMEDIATE"),
      commit: database.prepare("COMMIT"),
      rollback: database.prepare("ROLLBACK"),
      insert: database.prepare("INSERT INTO events (id, at, crc, body) VALUES (?, ?, ?, ?)"),
      remove: database.prepare("DELETE FROM events WHERE id = ?"),
      read: database.prepare("SELECT id, at, crc, body FROM events WHERE id > ? AND id <= ? ORDER BY id"),
      peek: database.prepare(
        "SELECT id, at, octet_length(body) AS bytes FROM events WHERE id > ? AND id <= ? ORDER BY id LIMIT ?"
      ),
      holder: database.prepare("SELECT holder FROM segments WHERE id = ?")
    }
  } catch (error) {
    database.close()
    throw error
  }
}

const formOf = (database: DatabaseSync): number =>
  Number(database.prepare("PRAGMA user_version").get()?.["user_version"])

const bringToForm = (database: DatabaseSync): void => {
  if (formOf(database) === form) return
  database.exec("BEGIN IMMEDIATE")
  try {
    // Another process may have been faster.
    const found = formOf(database)
    if (found < 0 || found > form) throw new Error("the file was written by another release")
    if (found === 0) database.exec(schema)
    if (found === 1) database.exec(fromFirstForm)
    database.exec(`PRAGMA user_version = ${form}; COMMIT`)
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK")
    throw error
  }
}

/**
 * Runs `f` in one transaction. What it throws undoes the transaction and is thrown on.
 *
 * @category combinators
 * @since 0.1.0
 */
export const transaction = <A>(self: EventFile, f: () => A): A => {
  self.begin.run()
  try {
    const value = f()
    self.commit.run()
    return value
  } catch (error) {
    // A full disk makes SQLite undo the transaction by itself.
    if (self.database.isTransaction) self.rollback.run()
    throw error
  }
}

/**
 * Writes an event inside a transaction, and gives the length of its text.
 *
 * @category combinators
 * @since 0.1.0
 */
export const write = (self: EventFile, id: number, at: number, record: SpanRecord | string): number => {
  const body = typeof record === "string" ? record : RecordCodec.encode(record)
  self.insert.run(id, at, Zlib.crc32(body), body)
  return body.length
}

/**
 * An event as it was read; `record` is `undefined` when its text (`body`) is not what was written.
 *
 * @category models
 * @since 0.1.0
 */
export interface Found {
  readonly id: number
  readonly at: number
  readonly bytes: number
  readonly body: string
  readonly record: SpanRecord | undefined
}

/**
 * Reads events with ids above `after`, up to and with `upTo`: at most `bytes` of them, and at least one.
 *
 * @category accessors
 * @since 0.1.0
 */
export const read = (self: EventFile, after: number, upTo: number, bytes: number): ReadonlyArray<Found> => {
  const entries: Array<Found> = []
  let total = 0
  for (const { at, body, crc, id } of self.read.iterate(after, upTo) as unknown as Iterable<Columns>) {
    if (total > 0 && total + body.length > bytes) break
    total += body.length
    entries.push({
      id,
      at,
      bytes: body.length,
      body,
      record: Zlib.crc32(body) === crc ? RecordCodec.decode(body).value : undefined
    })
  }
  return entries
}

interface Columns {
  readonly id: number
  readonly at: number
  readonly crc: number
  readonly body: string
}

/**
 * What is known of an event without reading its text.
 *
 * @category models
 * @since 0.1.0
 */
export interface Outline {
  readonly id: number
  readonly at: number
  readonly bytes: number
}

/**
 * At most `limit` outlines of events with ids above `after`, up to and with `upTo`.
 *
 * @category accessors
 * @since 0.1.0
 */
export const peek = (self: EventFile, after: number, upTo: number, limit: number): ReadonlyArray<Outline> =>
  self.peek.all(after, upTo, limit) as unknown as ReadonlyArray<Outline>

/**
 * Gives a damaged file another name beside its own, and that name back.
 *
 * @category combinators
 * @since 0.1.0
 */
export const setFileAside = (path: string, now: number): string => {
  const name = `${path}.damaged-${now}`
  Fs.renameSync(path, name)
  for (const suffix of ["-wal", "-shm"]) {
    if (Fs.existsSync(path + suffix)) Fs.renameSync(path + suffix, name + suffix)
  }
  return name
}

/**
 * What a failure of SQLite or of the file system means for what comes next.
 *
 * - `busy`: another process is writing; soon it will not be
 * - `full`: there is no room, on the disk or under the bound
 * - `damaged`: the file is not a sound database
 * - `unusable`: anything else: no permission, a read-only disk, an error of the device
 *
 * @category models
 * @since 0.1.0
 */
export type Failure = "busy" | "full" | "damaged" | "unusable"

const failures: ReadonlyMap<number, Failure> = new Map([
  [5, "busy"],
  [6, "busy"],
  [13, "full"],
  [11, "damaged"],
  [26, "damaged"]
])

/**
 * @category combinators
 * @since 0.1.0
 */
export const failureOf = (error: unknown): Failure => {
  const { code, errcode } = error as { readonly code?: unknown; readonly errcode?: unknown }
  if (code === "ENOSPC" || code === "EDQUOT") return "full"
  return typeof errcode === "number" ? failures.get(errcode & 0xff) ?? "unusable" : "unusable"
}

// SQLite gives its side files the permissions of the file. Nothing here opens a file that exists: closing it again would
// end the locks that this process holds on it.
const prepare = (path: string): void => {
  makeFolder(Path.dirname(path))
  const found = Fs.lstatSync(path, { throwIfNoEntry: false })
  if (found === undefined) {
    try {
      Fs.closeSync(Fs.openSync(path, "wx", 0o600))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
    }
    return
  }
  if (!found.isFile()) throw new Error("the path is not a regular file")
  if (process.getuid !== undefined && found.uid !== process.getuid()) throw new Error("the file is another user's")
  if ((found.mode & 0o077) !== 0) Fs.chmodSync(path, 0o600)
}

// Node's own way to make the folders above one another does not end where a file system denies that a folder is there
// which it has just shown, as `/proc` does.
const makeFolder = (path: string): void => {
  if (Fs.existsSync(path)) return
  const above = Path.dirname(path)
  if (above !== path) makeFolder(above)
  try {
    Fs.mkdirSync(path, 0o700)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
  }
}
