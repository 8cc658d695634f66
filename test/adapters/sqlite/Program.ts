/**
 * A program that holds events in a durable outbox and ends in the way that it is told: `exit`, `throw`, `end`, or
 * not at all (`wait`). It says `kept` once the first events are committed, and `made` when the last ones are offered, in
 * the same breath in which it ends.
 */
import { offer, record } from "../../laws/OutboxLaws.ts"
import { say } from "./Say.ts"
import * as SqliteFile from "./SqliteFile.ts"

const [directory = "", way = "end"] = process.argv.slice(2)
const subject = SqliteFile.open({ directory })
const make = (first: number, last: number) => {
  for (let id = first; id <= last; id++) offer(subject, record(id, 500), Date.now())
}

const ways: { readonly [way: string]: () => void } = {
  exit: () => process.exit(3),
  throw: () => {
    throw new Error("the program's own")
  },
  end: () => {},
  wait: () => void setInterval(() => {}, 1_000)
}

const goOn = (): void => {
  if (subject.journal.kept() < 10) return void setImmediate(goOn)
  say("kept")
  make(11, 20)
  say("made")
  ways[way]!()
}

process.on("exit", () => say(subject.said.join(" ")))
if (way === "at once") {
  make(1, 20)
  process.exit(3)
}
make(1, 10)
goOn()
