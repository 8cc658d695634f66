import * as ByteBudget from "../../src/engine/ByteBudget.ts"
import * as MemoryOutbox from "../../src/engine/MemoryOutbox.ts"
import * as SqliteFile from "../adapters/sqlite/SqliteFile.ts"
import { outboxLaws } from "./OutboxLaws.ts"

const generous = 1024 * 1024
const small = 64 * 1024

const memory = (limit: number) => () => ({
  outbox: MemoryOutbox.make(),
  budget: ByteBudget.make({ limit, measure: (record) => record.bytes }),
  close: () => {}
})

outboxLaws("memory", memory(generous))
outboxLaws("memory with little room", memory(small))

const sqlite = (maxBytes: number) => () => {
  const folder = SqliteFile.folder()
  const subject = SqliteFile.open({ path: folder.path, maxBytes })
  return {
    ...subject,
    close: () => {
      subject.outbox.close!()
      folder.remove()
    }
  }
}

outboxLaws("SQLite", sqlite(generous))
outboxLaws("SQLite as the overflow of a small memory", sqlite(small))
