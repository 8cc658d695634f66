import { describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ByteBudget from "../../src/engine/outbox/ByteBudget.ts"
import * as MemoryOutbox from "../../src/engine/outbox/MemoryOutbox.ts"
import * as RedisServer from "../adapters/redis/RedisServer.ts"
import * as RedisSubject from "../adapters/redis/RedisSubject.ts"
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
      return { folder, file: SqliteFile.open({ directory: folder.directory, maxBytes }) }
    }),
    ({ file, folder }) =>
      Effect.sync(() => {
        file.outbox.close!()
        folder.remove()
      })
  ).pipe(Effect.map(({ file }) => Held.subject(file)))

outboxLaws("SQLite", inMemory, sqlite(generous))
outboxLaws("SQLite as the overflow of a small memory", inMemory, sqlite(small))

if (RedisServer.missing !== undefined) {
  console.log(`The laws of the outbox in Redis are left out: ${RedisServer.missing}.`)
}

const runs = 25

describe.skipIf(RedisServer.missing !== undefined)("outboxes with a server and a relay", () => {
  outboxLaws(
    "Redis with a relay of one worker",
    { ordered: true, lends: 1, runs },
    RedisSubject.make({ workers: 1, maxBatches: 1_000 })
  )
  outboxLaws(
    "Redis with little room and a relay of several workers",
    { ordered: false, lends: 4, bound: 8, runs },
    RedisSubject.make({ workers: 4, maxBatches: 6 })
  )
})
