/** A durable outbox in a directory of its own, with its books, put together as the layer does. */
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { DatabaseSync } from "node:sqlite"
import * as ProcessExit from "../../../src/adapters/node-process/ProcessExit.ts"
import * as SqliteJournal from "../../../src/adapters/sqlite/SqliteJournal.ts"
import type { Moment } from "../../../src/domain/delivery/EventAge.ts"
import * as Diagnostics from "../../../src/engine/books/Diagnostics.ts"
import * as Ledger from "../../../src/engine/books/Ledger.ts"
import * as ByteBudget from "../../../src/engine/outbox/ByteBudget.ts"
import * as DurableOutbox from "../../../src/engine/outbox/DurableOutbox.ts"
import * as MemoryOutbox from "../../../src/engine/outbox/MemoryOutbox.ts"
import type { JournalService } from "../../../src/ports/Journal.ts"
import type { Item, OutboxService } from "../../../src/ports/Outbox.ts"

export interface Folder {
  readonly folder: string
  readonly directory: string
  readonly remove: () => void
}

/** A new folder, and the path of a directory that does not exist in it yet. */
export const folder = (): Folder => {
  const folder = Fs.mkdtempSync(Path.join(Os.tmpdir(), "llmobs-sqlite-"))
  return {
    folder,
    directory: Path.join(folder, "outbox"),
    remove: () => {
      Fs.chmodSync(folder, 0o700)
      Fs.rmSync(folder, { recursive: true, force: true })
    }
  }
}

export const day = 24 * 60 * 60 * 1000

/** The moments of a machine that does not tell when it was started. */
export const wallClock = (now: () => number) => (): Moment => ({
  unixMillis: now(),
  boot: undefined,
  uptimeMillis: 0
})

/** What may be loaded at a time. */
export const loadBytes = 1024 * 1024

export const open = (options: {
  readonly directory: string
  /** The byte budget of memory. */
  readonly maxBytes?: number
  readonly fileBytes?: number
  readonly now?: () => number
  /** In place of `now`, on a machine that tells when it was started. */
  readonly moment?: () => Moment
  readonly host?: string
  readonly fileSystem?: number
  readonly durability?: "process" | "power"
}) => {
  const said: Array<string> = []
  const diagnostics = Diagnostics.make((line) => said.push(line))
  const ledger = Ledger.make()
  const journal = SqliteJournal.open({
    directory: options.directory,
    maxBytes: options.fileBytes,
    durability: options.durability,
    maxAgeMillis: day,
    now: options.moment ?? wallClock(options.now ?? Date.now),
    onExit: ProcessExit.onExit,
    host: options.host,
    fileSystem: options.fileSystem,
    diagnostics
  })
  const ready: Array<string> = []
  const store = DurableOutbox.make({
    memory: () => MemoryOutbox.make(),
    budget: ByteBudget.make({ limit: options.maxBytes ?? 1024 * 1024, measure: (record) => record.bytes }),
    journal,
    ledger,
    loadBytes,
    onReady: (route) => {
      ready.push(route)
    }
  })
  const { budget, start } = store
  ledger.attach({ outbox: store.size })
  // What is on its way from the file has come when nothing is under way any more.
  const outbox = {
    ...store.of(""),
    take: () => takeFrom(store.of(""), journal),
    kept: store.kept,
    close: store.close
  }
  return {
    outbox,
    store,
    budget,
    journal,
    ledger,
    diagnostics,
    said,
    start,
    ready: () => ready.length,
    readyFor: ready
  }
}

// What is to be written is written first, and read after that.
const rounds = 8

/** As `take`, and waits for what the file has. */
export const takeFrom = (outbox: OutboxService, journal: JournalService): Item | undefined => {
  for (let round = 0; round < rounds && outbox.waitingBytes() > 0; round++) {
    const item = outbox.take()
    if (item !== undefined) return item
    journal.commit()
  }
  return undefined
}

export type Opened = ReturnType<typeof open>

/** The files of an outbox, by their paths. */
export const files = (directory: string): ReadonlyArray<string> => {
  const folder = Path.join(directory, "effect-llmobs")
  return Fs.existsSync(folder)
    ? Fs.readdirSync(folder).filter((name) => name.endsWith(".db")).sort().map((name) => Path.join(folder, name))
    : []
}

/** Names, sizes and times of all that is in a directory. */
const stateOf = (directory: string): string =>
  Fs.readdirSync(directory, { recursive: true, encoding: "utf8" }).sort().map((name) => {
    const found = Fs.lstatSync(Path.join(directory, name), { bigint: true, throwIfNoEntry: false })
    return `${name} ${found?.ino} ${found?.size} ${found?.mtimeNs}`
  }).join()

/**
 * A process that is killed now leaves this behind: the files and their logs as they are at one moment, though a thread may
 * be writing. To copy them ends the locks on them, so their journal is only good for being closed.
 */
export const snapshot = (directory: string, to: string): void => {
  for (let tries = 0; tries < 100; tries++) {
    const before = stateOf(directory)
    try {
      Fs.cpSync(directory, to, { recursive: true })
      if (stateOf(directory) === before) return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error
    }
    Fs.rmSync(to, { recursive: true, force: true })
  }
  throw new Error("the files never stood still")
}

/** The same by another process, which leaves the locks of this one alone. */
export const copy = (directory: string, to: string): void => {
  const copied = spawnSync("cp", ["-R", directory, to], { encoding: "utf8" })
  if (copied.status !== 0) throw new Error(copied.stderr)
}

type Columns = { readonly [column: string]: unknown }

/** Looks at all files of an outbox that nobody has open, or changes them. */
export const change = (directory: string, sql: string): ReadonlyArray<Columns> =>
  files(directory).flatMap((path) => {
    const database = new DatabaseSync(path)
    try {
      database.exec("PRAGMA locking_mode = EXCLUSIVE")
      return database.prepare(sql).all() as unknown as ReadonlyArray<Columns>
    } finally {
      database.close()
    }
  })

/** Looks at all files of an outbox from outside, whether they are open or not. */
export const query = (directory: string, sql: string): ReadonlyArray<Columns> => {
  const to = `${directory}.copy-${Math.random().toString(36).slice(2)}`
  if (!Fs.existsSync(directory)) return []
  copy(directory, to)
  try {
    return change(to, sql)
  } finally {
    Fs.rmSync(to, { recursive: true, force: true })
  }
}
