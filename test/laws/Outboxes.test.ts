import * as Effect from "effect/Effect"
import * as ByteBudget from "../../src/engine/ByteBudget.ts"
import * as MemoryOutbox from "../../src/engine/MemoryOutbox.ts"
import * as SqliteFile from "../adapters/sqlite/SqliteFile.ts"
import * as Held from "./Held.ts"
import { outboxLaws } from "./OutboxLaws.ts"

const generous = 1024 * 1024
const small = 64 * 1024

const inMemory = { ordered: true, lends: Infinity }

const memory = (limit: number) =>
  Effect.sync(() =>
    Held.subject({
      outbox: MemoryOutbox.make(),
      budget: ByteBudget.make({ limit, measure: (record) => record.bytes })
    })
  )

outboxLaws("memory", { ...inMemory, bound: 400 }, memory(generous))
outboxLaws("memory with little room", { ...inMemory, bound: 30 }, memory(small))

const sqlite = (maxBytes: number) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const folder = SqliteFile.folder()
      return { folder, file: SqliteFile.open({ path: folder.path, maxBytes }) }
    }),
    ({ file, folder }) =>
      Effect.sync(() => {
        file.outbox.close!()
        folder.remove()
      })
  ).pipe(Effect.map(({ file }) => Held.subject(file)))

outboxLaws("SQLite", inMemory, sqlite(generous))
outboxLaws("SQLite as the overflow of a small memory", inMemory, sqlite(small))
