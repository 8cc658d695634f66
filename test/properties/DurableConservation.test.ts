import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Path from "node:path"
import { DatabaseSync } from "node:sqlite"
import * as ProcessToken from "../../src/adapters/sqlite/ProcessToken.ts"
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

const segmentSize = 2 ** 30

/** A file whose users are killed one after the other: each finds what had been committed at that moment. */
const makeFile = () => {
  const { folder, remove } = SqliteFile.folder()
  let generation = 0
  let journal: JournalService | undefined
  const pathOf = (number: number) => Path.join(folder, `${number}.db`)
  const bytes = 4 * 1024 * 1024
  const file: DeliveryRun.File = {
    bytes,
    open: (now) =>
      journal = SqliteJournal.open({
        path: pathOf(generation),
        maxBytes: bytes,
        maxAgeMillis: 1e9,
        now,
        identity: { ...ProcessToken.current(), boot: String(generation) },
        diagnostics: Diagnostics.make((line) => assert.fail(line))
      }),
    leave: () => {
      const before = pathOf(generation++)
      // One reader's view: all that was committed, and nothing else.
      const outside = new DatabaseSync(before, { timeout: 5_000 })
      outside.exec(`VACUUM INTO '${pathOf(generation)}'`)
      outside.close()
      // What the ended process would still write, it writes to a file that nobody reads.
      journal!.close()
      const parts = new Map<number, Array<DeliveryState.Id>>()
      for (const { body, id } of SqliteFile.query(pathOf(generation), "SELECT id, body FROM events ORDER BY id")) {
        const part = Math.floor(Number(id) / segmentSize)
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
    "are those of the model after every step, whenever its process is killed or ends",
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
    { arbitrary: { runs: 30, size: 150 } }
  )
})
