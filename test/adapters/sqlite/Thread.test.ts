import { assert, describe, it } from "@effect/vitest"
import { setImmediate } from "node:timers/promises"
import * as SqliteThread from "../../../src/adapters/sqlite/SqliteThread.ts"
import * as Ledgers from "../../../src/domain/delivery/Ledger.ts"
import type { SpanRecord } from "../../../src/domain/span/SpanRecord.ts"
import * as Records from "../../domain/Records.ts"
import { drain, idOf, offer, record, settle } from "../../laws/OutboxLaws.ts"
import * as SqliteFile from "./SqliteFile.ts"

const using = async (
  options: Partial<Parameters<typeof SqliteFile.open>[0]>,
  test: (subject: SqliteFile.Opened, directory: string) => Promise<void> | void
) => {
  const folder = SqliteFile.folder()
  const subject = SqliteFile.open({ directory: folder.directory, ...options })
  try {
    await test(subject, folder.directory)
  } finally {
    subject.journal.close()
    folder.remove()
  }
}

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1)

const sorted = (ids: ReadonlyArray<number>) => [...ids].sort((a, b) => a - b)

const finish = (subject: SqliteFile.Opened, ids: ReadonlyArray<number>, characters?: number): ReadonlyArray<number> =>
  ids.filter((id) => {
    subject.ledger.enqueued++
    if (offer(subject, record(id, characters), Date.now())) return true
    subject.ledger.drop("outboxFull")
    return false
  })

const balanced = ({ ledger }: SqliteFile.Opened): Ledgers.Ledger => {
  const books = ledger.snapshot()
  assert.isTrue(Ledgers.balances(books), JSON.stringify(books))
  return books
}

/** Until `done`, with the event loop free: what comes by itself, comes. */
const until = async (done: () => boolean | Promise<boolean>): Promise<void> => {
  const end = performance.now() + 50_000
  while (!(await done())) {
    assert.isBelow(performance.now(), end)
    await setImmediate()
  }
}

describe("a journal whose file another thread writes", () => {
  it("commits by itself what was offered, and reads by itself what was asked for", () =>
    using({ maxBytes: 20_000 }, async (subject) => {
      await subject.journal.opened
      void subject.start()
      finish(subject, upTo(60), 1_000)
      await until(() => subject.journal.kept() === 60)
      assert.isAbove(subject.journal.spilled(), 40)
      const outbox = subject.store.of("")
      const ids: Array<number> = []
      await until(() => {
        for (let item = outbox.take(); item !== undefined; item = outbox.take()) ids.push(idOf(item))
        return ids.length === 60
      })
      assert.deepStrictEqual(sorted(ids), upTo(60))
      assert.strictEqual(balanced(subject).pending.outbox, 60)
      assert.isAbove(subject.ready(), 0)
    }))

  it("writes what no copy can be sent of, as text", () =>
    using({}, (subject, directory) => {
      const plain = record(1)
      // A program without types can pass anything.
      const odd = { ...record(2), model: { name: "m", provider: () => "p" } } as unknown as SpanRecord
      for (const one of [plain, odd]) offer(subject, one)
      subject.journal.commit()
      assert.strictEqual(subject.journal.kept(), 2)
      assert.deepStrictEqual(SqliteFile.query(directory, "SELECT count(*) AS n FROM events"), [{ n: 2 }])
    }))

  it("gives back exactly what it was given, however odd its texts and keys are", () =>
    using({ maxBytes: 0 }, (subject) => {
      const metadata = JSON.parse(
        "{\"__proto__\": {\"a\": 1}, \"constructor\": null, \"b\": [1.5, \"\\ud83d\\ude00\"], \"\": {}}"
      )
      const odd = Records.makeRecord({
        context: Records.makeContext({ spanId: "18446744073709551615", explicit: { sessionId: "é\u2028\u0000" } }),
        annotation: { input: "漢字 \u001f\\", metadata },
        error: { type: "E", message: "m", stack: "" }
      })
      assert.isTrue(subject.journal.spill(odd))
      subject.journal.commit()
      const item = subject.outbox.take()!
      assert.notStrictEqual(item.record, odd)
      assert.deepStrictEqual(item.record, odd)
      settle(subject, item)
    }))

  it("reads ahead what is asked for and no more, and holds it as pending", () =>
    using({ maxBytes: 0 }, (subject) => {
      finish(subject, upTo(2_000), 3_000)
      subject.journal.commit()
      assert.deepStrictEqual(subject.journal.load("", 100_000, false), [])
      assert.deepStrictEqual(subject.journal.load("another", 100_000, false), [])
      subject.journal.commit()
      assert.isAbove(subject.journal.readAhead(), 50_000)
      assert.isAtMost(subject.journal.readAhead(), 110_000)
      assert.strictEqual(subject.journal.spilled(), 2_000)
      assert.strictEqual(balanced(subject).pending.outbox, 2_000)
      assert.deepStrictEqual(drain(subject), upTo(2_000))
      subject.ledger.deliveredIntake += 2_000
      assert.strictEqual(balanced(subject).pending.outbox, 0)
    }))

  it("bounds what is spilled and not yet written, and loses nothing of what it took", () =>
    using({ maxBytes: 0 }, (subject) => {
      const large = 1_000_000
      const taken = finish(subject, upTo(60), large)
      assert.isAtMost(subject.journal.spilledBytes(""), 60 * record(1, large).bytes)
      assert.strictEqual(balanced(subject).pending.outbox, taken.length)
      assert.deepStrictEqual(sorted(drain(subject)), taken)
    }))

  it("starts the thread again when it has ended, and writes and reads again all that was under way", () =>
    using({ maxBytes: 20_000 }, async (subject, directory) => {
      void subject.start()
      finish(subject, upTo(40), 1_000)
      subject.journal.commit()
      // Something committed, something loaded, something under way, something asked for.
      const lent = subject.outbox.take()!
      finish(subject, upTo(10).map((id) => id + 40), 1_000)
      subject.journal.setAside(record(1_000), { reason: "refused", status: 400, at: 1, event: "{}" })
      const asked = subject.journal.readSetAside()
      await SqliteThread.end()
      await asked
      finish(subject, [51, 52], 1_000)
      assert.strictEqual(subject.said.filter((line) => line.includes("thread")).length, 1)
      balanced(subject)
      await until(async () => (await subject.journal.readSetAside()).length === 1)
      await until(() => subject.journal.kept() === subject.outbox.size())
      balanced(subject)
      assert.deepStrictEqual(
        SqliteFile.query(directory, "SELECT count(*) AS n FROM events"),
        [{ n: subject.outbox.size() }],
        "nothing is there twice"
      )
      settle(subject, lent)
      const ids = [idOf(lent), ...drain(subject)]
      subject.ledger.deliveredIntake += ids.length
      assert.deepStrictEqual(sorted(ids), sorted([...new Set(ids)]))
      const books = balanced(subject)
      assert.strictEqual(
        ids.length,
        books.enqueued - Ledgers.dropped(books),
        `${JSON.stringify(books)} ${subject.said}`
      )
    }))

  it("shares it with the other journals of its process", () =>
    using({}, (first) =>
      using({}, (second) => {
        finish(first, upTo(5))
        finish(second, upTo(7))
        first.journal.commit()
        second.journal.commit()
        assert.strictEqual(first.journal.kept(), 5)
        first.journal.close()
        finish(second, [8])
        second.journal.commit()
        assert.strictEqual(second.journal.kept(), 8)
      })))
})
