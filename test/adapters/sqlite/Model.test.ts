import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as Path from "node:path"
import * as Ledgers from "../../../src/domain/delivery/Ledger.ts"
import type { Item } from "../../../src/ports/Outbox.ts"
import { drain, idOf, offer, record, settle } from "../../laws/OutboxLaws.ts"
import * as SqliteFile from "./SqliteFile.ts"

const Steps = Schema.Array(Schema.Struct({
  step: Schema.Literals(["offer", "offer", "offer", "take", "answer", "fail", "commit", "crash", "close"]),
  characters: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 3_000 })),
  count: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 12 }))
})).check(Schema.isMinLength(30))

/**
 * What must be true, in sets of ids. An event that was not committed when a process was killed may be gone; one that was
 * settled and whose removal was not committed may come again. Nothing else is left open.
 */
class Model {
  /** In the hands of the process. */
  held = new Set<number>()
  /** Found by the next process for certain. */
  committed = new Set<number>()
  /** Found by the next process, or not. */
  open = new Set<number>()
  delivered = new Set<number>()
  again = 0
}

describe("any schedule of offers, answers, crashes and openings", () => {
  it.prop("does to a durable outbox what it does to sets of ids", [Steps], ([steps]) => {
    const { folder, remove } = SqliteFile.folder()
    let generation = 0
    const directory = () => Path.join(folder, String(generation))
    const start = () => {
      const subject = SqliteFile.open({ directory: directory(), maxBytes: 50_000 })
      void subject.start()
      subject.journal.commit()
      return subject
    }
    const model = new Model()
    let subject = start()
    let lent: Array<Item> = []
    let next = 1

    const check = () => {
      const books = subject.ledger.snapshot()
      assert.isTrue(Ledgers.balances(books), JSON.stringify(books))
      assert.strictEqual(Ledgers.pending(books), model.held.size)
    }
    const answer = (item: Item) => {
      const id = idOf(item)
      assert.isTrue(model.held.delete(id))
      if (model.delivered.has(id)) model.again++
      model.delivered.add(id)
      settle(subject, item)
      subject.ledger.deliveredIntake++
      if (model.committed.delete(id)) model.open.add(id)
    }
    const reopen = () => {
      const found = new Set<number>()
      subject = start()
      lent = []
      for (let item = subject.outbox.take(); item !== undefined; item = subject.outbox.take()) {
        lent.push(item)
        assert.isFalse(found.has(idOf(item)), "each once")
        found.add(idOf(item))
      }
      for (const id of model.committed) assert.isTrue(found.has(id), `${id} was committed`)
      for (const id of found) assert.isTrue(model.committed.has(id) || model.open.has(id), `${id} is nobody's`)
      for (const item of lent.splice(0).reverse()) subject.outbox.restore(item)
      model.held = found
      model.committed = new Set(found)
      model.open.clear()
      assert.strictEqual(subject.ledger.redelivered, found.size)
    }

    for (const { characters, count, step } of steps) {
      switch (step) {
        case "offer":
          for (let i = 0; i < count; i++) {
            const id = next++
            subject.ledger.enqueued++
            if (offer(subject, record(id, characters))) {
              model.held.add(id)
              model.open.add(id)
            } else subject.ledger.drop("outboxFull")
          }
          break
        case "take":
          for (let i = 0; i < count; i++) {
            const item = subject.outbox.take()
            if (item === undefined) break
            lent.push(item)
          }
          break
        case "answer":
          for (const item of lent.splice(0, count)) answer(item)
          break
        case "fail":
          for (const item of lent.splice(0).reverse()) subject.outbox.restore(item)
          break
        case "commit":
          subject.journal.commit()
          model.committed = new Set(model.held)
          model.open.clear()
          assert.strictEqual(subject.journal.kept(), model.held.size)
          break
        case "crash": {
          const before = directory()
          generation++
          SqliteFile.snapshot(before, directory())
          subject.journal.close()
          reopen()
          break
        }
        case "close":
          subject.outbox.close!()
          assert.strictEqual(subject.outbox.kept!(), model.held.size)
          model.committed = new Set(model.held)
          model.open.clear()
          reopen()
      }
      check()
    }
    for (const item of lent) answer(item)
    subject.ledger.deliveredIntake += drain(subject).length
    model.held.clear()
    check()
    subject.outbox.close!()
    assert.deepStrictEqual(SqliteFile.files(directory()), [])
    remove()
  }, { arbitrary: { runs: 40 }, timeout: 300_000 })
})
