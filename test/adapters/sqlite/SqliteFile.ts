/** A durable outbox on a file of its own, with its books, put together as the layer does. */
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { DatabaseSync } from "node:sqlite"
import type { ProcessToken } from "../../../src/adapters/sqlite/ProcessToken.ts"
import * as SqliteJournal from "../../../src/adapters/sqlite/SqliteJournal.ts"
import * as Diagnostics from "../../../src/engine/books/Diagnostics.ts"
import * as Ledger from "../../../src/engine/books/Ledger.ts"
import * as ByteBudget from "../../../src/engine/outbox/ByteBudget.ts"
import * as DurableOutbox from "../../../src/engine/outbox/DurableOutbox.ts"
import * as MemoryOutbox from "../../../src/engine/outbox/MemoryOutbox.ts"
import type { JournalService } from "../../../src/ports/Journal.ts"
import type { Item, OutboxService } from "../../../src/ports/Outbox.ts"

export interface Folder {
  readonly folder: string
  readonly path: string
  readonly remove: () => void
}

/** A new folder, and the path of a file that does not exist in it yet. */
export const folder = (): Folder => {
  const folder = Fs.mkdtempSync(Path.join(Os.tmpdir(), "llmobs-sqlite-"))
  return {
    folder,
    path: Path.join(folder, "outbox.db"),
    remove: () => {
      Fs.chmodSync(folder, 0o700)
      Fs.rmSync(folder, { recursive: true, force: true })
    }
  }
}

export const day = 24 * 60 * 60 * 1000

/** What may be loaded at a time. */
export const loadBytes = 1024 * 1024

export const open = (options: {
  readonly path: string
  /** The byte budget of memory. */
  readonly maxBytes?: number
  readonly fileBytes?: number
  readonly now?: () => number
  readonly identity?: ProcessToken
  readonly durability?: "process" | "power"
}) => {
  const said: Array<string> = []
  const diagnostics = Diagnostics.make((line) => said.push(line))
  const ledger = Ledger.make()
  const journal = SqliteJournal.open({
    path: options.path,
    maxBytes: options.fileBytes,
    durability: options.durability,
    maxAgeMillis: day,
    now: options.now ?? Date.now,
    identity: options.identity,
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

/** A look at the file from outside, by a connection of its own. */
export const query = (path: string, sql: string): ReadonlyArray<{ readonly [column: string]: unknown }> => {
  const database = new DatabaseSync(path)
  try {
    return database.prepare(sql).all() as unknown as ReadonlyArray<{ readonly [column: string]: unknown }>
  } finally {
    database.close()
  }
}

/** What a process that is killed now leaves behind: the file and its log as they are. */
export const snapshot = (path: string, to: string): void => {
  Fs.copyFileSync(path, to)
  if (Fs.existsSync(`${path}-wal`)) Fs.copyFileSync(`${path}-wal`, `${to}-wal`)
}
