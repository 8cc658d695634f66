/**
 * Reads a file of a durable outbox in which something is damaged, as far as it can be read.
 */
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { DatabaseSync } from "node:sqlite"
import type { Moment } from "../../domain/delivery/EventAge.ts"
import type { SetAside } from "../../domain/delivery/SetAside.ts"
import type { SpanRecord } from "../../domain/span/SpanRecord.ts"
import * as OutboxFile from "./OutboxFile.ts"
import * as OutboxFolder from "./OutboxFolder.ts"

// Each query that meets damage costs one. A file without a single sound page would be searched for ever.
const mostFailures = 10_000

// The rows of the table `events` in no order. Stretches that cannot be read
// are passed over: they are entered from both ends, and halved until nothing more is found.
function* readable(database: DatabaseSync): Generator<OutboxFile.Columns> {
  let failures = 0
  const stretches: Array<readonly [after: number, upTo: number]> = [[0, Number.MAX_SAFE_INTEGER]]
  for (let stretch = stretches.pop(); stretch !== undefined && failures < mostFailures; stretch = stretches.pop()) {
    let [low, high] = stretch
    for (const order of ["ASC", "DESC"]) {
      const query = database.prepare(`${OutboxFile.selectEvents} ORDER BY id ${order}`)
      try {
        for (const row of query.iterate(low, high) as unknown as Iterable<OutboxFile.Columns>) {
          if (order === "ASC") low = row.id
          else high = row.id - 1
          yield row
        }
        high = low
        break
      } catch (error) {
        if (OutboxFile.failureOf(error) !== "damaged") throw error
        failures++
      }
    }
    if (high - low < 2) continue
    const middle = low + Math.floor((high - low) / 2)
    stretches.push([middle, high], [low, middle])
  }
}

/** An event that was read, with its account, or the text of one whose checksum is wrong. */
export interface Rescued {
  readonly events: ReadonlyArray<{ readonly at: number; readonly record: SpanRecord }>
  /** The moment from which the times of the events are counted. */
  readonly origin: Moment
  readonly setAside: ReadonlyArray<SetAside>
  /** The bodies of events that are not what was written. */
  readonly unreadable: number
}

/**
 * Reads a file, which stays as it is: a copy is read. Throws when there is no such file, or when it is locked by a process
 * that runs.
 */
export const read = (path: string): Rescued => {
  const given = Path.resolve(path)
  if (OutboxFile.isLocked(given)) throw new Error(`${given} is in use by a process, which delivers what is in it`)
  const copy = OutboxFolder.copyOfUnlocked(given)
  try {
    const database = openCopy(copy)
    try {
      const events: Array<{ readonly at: number; readonly record: SpanRecord }> = []
      let unreadable = 0
      for (const row of readable(database)) {
        const { at, record } = OutboxFile.foundOf(row)
        if (record === undefined) unreadable++
        else events.push({ at, record })
      }
      const setAside = orElse(() => OutboxFile.readSetAside({ database }), [])
      const origin = orElse(() => OutboxFile.originIn(database), OutboxFile.unknownOrigin)
      return { events, origin, setAside, unreadable }
    } finally {
      database.close()
    }
  } finally {
    OutboxFolder.removeCopy(copy)
  }
}

const openCopy = (copy: string): DatabaseSync => {
  const open = (): DatabaseSync => {
    const database = new DatabaseSync(copy)
    try {
      database.exec("PRAGMA locking_mode = EXCLUSIVE; SELECT id FROM events LIMIT 0")
      return database
    } catch (error) {
      database.close()
      throw error
    }
  }
  try {
    return open()
  } catch {
    replaceFirstPage(copy)
    return open()
  }
}

// The first page has the names and the places of the tables, which are the same in every file.
const replaceFirstPage = (copy: string): void => {
  const model = `${copy}.model`
  OutboxFile.create(model, "process", OutboxFile.unknownOrigin).database.close()
  const page = Fs.readFileSync(model).subarray(0, OutboxFile.pageSize)
  // How many pages the file has.
  page.writeUInt32BE(Math.floor(Fs.statSync(copy).size / OutboxFile.pageSize), 28)
  const fd = Fs.openSync(copy, "r+")
  try {
    Fs.writeSync(fd, page, 0, page.length, 0)
  } finally {
    Fs.closeSync(fd)
  }
}

const orElse = <A>(read: () => A, otherwise: A): A => {
  try {
    return read()
  } catch {
    return otherwise
  }
}

/** A temporary directory with a durable outbox in which an ended process has left events. */
export const leave = (
  { events, origin }: Pick<Rescued, "events" | "origin">
): { readonly directory: string; readonly remove: () => void } => {
  const directory = Fs.mkdtempSync(Path.join(Os.tmpdir(), "effect-llmobs-"))
  const folder = OutboxFolder.of(directory)
  OutboxFolder.prepare(folder)
  const path = OutboxFolder.pathOf(folder, OutboxFolder.hostName(), "0".repeat(12), 1)
  const file = OutboxFile.create(path, "process", origin)
  OutboxFile.transaction(file, () => {
    const streams = new Map<string, number>()
    const ids: Array<number> = []
    for (const { at, record } of events) {
      const account = record.context.account ?? ""
      const stream = streams.get(account) ?? OutboxFile.beginStream(file, account)
      streams.set(account, stream)
      const id = stream * OutboxFile.streamSize + ids.length + 1
      ids.push(id)
      OutboxFile.write(file, id, at, record)
    }
    OutboxFile.count(file, ids, 1)
  })
  file.database.close()
  return { directory, remove: () => Fs.rmSync(directory, { recursive: true, force: true }) }
}
