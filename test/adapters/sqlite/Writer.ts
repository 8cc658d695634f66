/**
 * A process that holds events in a durable outbox until it is killed. It writes a line for each group that is committed
 * (`c <last id>`), and one before it settles a group (`s <last id>`).
 */
import { offer, record, settle } from "../../laws/OutboxLaws.ts"
import { say } from "./Say.ts"
import * as SqliteFile from "./SqliteFile.ts"

const [directory = "", first = "1", maxBytes = "60000"] = process.argv.slice(2)
const subject = SqliteFile.open({ directory, maxBytes: Number(maxBytes) })

let id = Number(first)
const last = id + 200_000
const turn = () => {
  for (let i = 0; i < 10; i++) {
    if (!offer(subject, record(id, 500), Date.now())) say(`r ${id}`)
    id++
  }
  subject.journal.commit()
  say(`c ${id - 1}`)
  if (id % 50 < 10) {
    const item = subject.outbox.take()
    if (item !== undefined) {
      // Said first: what is settled may be found again, or not.
      say(`s ${item.record.context.spanId}`)
      settle(subject, item)
    }
  }
  if (id < last) setImmediate(turn)
}
turn()
