import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { DatabaseSync } from "node:sqlite"
import * as ProcessExit from "../../src/adapters/node-process/ProcessExit.ts"
import * as SqliteJournal from "../../src/adapters/sqlite/SqliteJournal.ts"
import * as Ledger from "../../src/domain/delivery/Ledger.ts"
import * as RecordCodec from "../../src/domain/event/RecordCodec.ts"
import * as Diagnostics from "../../src/engine/books/Diagnostics.ts"
import type { JournalService } from "../../src/ports/Journal.ts"
import * as SqliteFile from "../adapters/sqlite/SqliteFile.ts"
import * as DeliveryEngine from "./DeliveryEngine.ts"
import * as DeliveryRun from "./DeliveryRun.ts"
import { DurableSchedule } from "./DeliverySchedule.ts"
import * as DeliveryState from "./DeliveryState.ts"

const streamSize = 2 ** 30

// An ended process can leave two files, its own and one that it had taken over, and they are taken over one after the
// other. The model knows one.
const joinFiles = (directory: string): void => {
  const [first, ...others] = SqliteFile.files(directory)
  for (const path of others) {
    const database = new DatabaseSync(first!)
    const shift = Number(database.prepare("SELECT coalesce(max(id), 0) AS last FROM streams").get()!["last"])
    database.exec(`ATTACH '${path}' AS other;
      INSERT INTO streams SELECT id + ${shift}, account, events FROM other.streams;
      INSERT INTO events SELECT id + ${shift * streamSize}, at, crc, body FROM other.events`)
    database.close()
    for (const end of ["", "-wal"]) Fs.rmSync(path + end, { force: true })
  }
}

/** A file whose users are killed one after the other: each finds what had been committed at that moment. */
const makeFile = () => {
  const { folder, remove } = SqliteFile.folder()
  let generation = 0
  let journal: JournalService | undefined
  const directoryOf = (number: number) => Path.join(folder, String(number))
  const bytes = 4 * 1024 * 1024
  const file: DeliveryRun.File = {
    bytes,
    open: (now) =>
      journal = SqliteJournal.open({
        directory: directoryOf(generation),
        maxBytes: bytes,
        maxAgeMillis: 1e9,
        now: SqliteFile.wallClock(now),
        onExit: ProcessExit.onExit,
        diagnostics: Diagnostics.make((line) => assert.fail(line))
      }),
    leave: () => {
      const before = directoryOf(generation++)
      SqliteFile.snapshot(before, directoryOf(generation))
      joinFiles(directoryOf(generation))
      // The ended process may still write, to files that are not read any more.
      journal!.close()
      const parts = new Map<number, Array<DeliveryState.Id>>()
      for (const { body, id } of SqliteFile.query(directoryOf(generation), "SELECT id, body FROM events ORDER BY id")) {
        const part = Math.floor(Number(id) / streamSize)
        parts.set(part, [...parts.get(part) ?? [], DeliveryEngine.idOf(RecordCodec.decode(String(body)).value!)])
      }
      return [...parts.values()]
    }
  }
  const stop = Effect.sync(() => {
    journal?.close()
    remove()
  })
  return { file, opened: Effect.promise(() => journal!.opened), stop }
}

describe("the books of an engine with a file", () => {
  it.effect.prop(
    "keeps the books of the model after every step, whenever its process is killed or ends",
    [DurableSchedule],
    ([{ steps, ...places }]) => {
      const { file, opened, stop } = makeFile()
      return Effect.ensuring(
        Effect.gen(function*() {
          const { drain, model, run } = DeliveryRun.make({ ...places, overflow: "dropNewest", file })
          yield* opened
          yield* run(steps.map((step) => step._tag === "answer" ? { ...step, last: false } : step))
          yield* run([{ _tag: "known", known: true }])
          yield* drain
          assert.strictEqual(Ledger.pending(DeliveryState.books(model())), 0)
        }),
        stop
      )
    },
    { arbitrary: { runs: 30, size: 150 }, timeout: 120_000 }
  )
})
