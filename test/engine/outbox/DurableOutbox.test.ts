import { assert, describe, it } from "@effect/vitest"
import * as Ledgers from "../../../src/domain/delivery/Ledger.ts"
import type { SpanRecord } from "../../../src/domain/span/SpanRecord.ts"
import * as DurableOutbox from "../../../src/engine/outbox/DurableOutbox.ts"
import type { Item } from "../../../src/ports/Outbox.ts"
import * as SqliteFile from "../../adapters/sqlite/SqliteFile.ts"
import * as Records from "../../domain/Records.ts"
import { idOf } from "../../laws/OutboxLaws.ts"

const record = (id: number, account: string | undefined, characters = 1_000): SpanRecord =>
  Records.makeRecord({
    context: Records.makeContext({ spanId: String(id), account }),
    annotation: { input: "x".repeat(characters) }
  })

const using = (
  options: Partial<Parameters<typeof SqliteFile.open>[0]>,
  test: (subject: SqliteFile.Opened, directory: string) => void
) =>
() => {
  const folder = SqliteFile.folder()
  const subject = SqliteFile.open({ directory: folder.directory, ...options })
  try {
    test(subject, folder.directory)
  } finally {
    subject.journal.close()
    folder.remove()
  }
}

const finish = ({ budget, ledger, store }: SqliteFile.Opened, record: SpanRecord): void => {
  const outbox = store.of(record.context.account ?? "")
  ledger.enqueued++
  const taken = budget.reserve(record)
    ? outbox.offer(record, { now: Date.now(), uncertain: false })
    : outbox.spill!(record)
  assert.isTrue(taken)
}

const balanced = ({ ledger }: SqliteFile.Opened): Ledgers.Ledger => {
  const books = ledger.snapshot()
  assert.isTrue(Ledgers.balances(books), JSON.stringify(books))
  return books
}

/** Takes what there is for an account, and keeps it as a lane does whose account is paused. */
const takeAll = ({ journal, store }: SqliteFile.Opened, account: string): ReadonlyArray<Item> => {
  const items: Array<Item> = []
  for (;;) {
    const item = SqliteFile.takeFrom(store.of(account), journal)
    if (item === undefined) return items
    items.push(item)
  }
}

const ids = (items: ReadonlyArray<Item>) => items.map(idOf).sort((a, b) => a - b)

const upTo = (n: number, from = 1) => Array.from({ length: n }, (_, i) => i + from)

describe("durable outboxes of several accounts", () => {
  it(
    "gives an account the same outbox each time, and mixes no events, in memory or on disk",
    using({ maxBytes: 100_000 }, (subject) => {
      for (const id of upTo(60)) finish(subject, record(id, id % 3 === 0 ? undefined : `account-${id % 3}`))
      subject.journal.commit()
      assert.isAbove(subject.journal.spilled("account-1"), 0)
      assert.strictEqual(subject.store.of("account-1"), subject.store.of("account-1"))
      assert.notStrictEqual(subject.store.of("account-1"), subject.store.of(""))
      for (const [account, rest] of [["", 0], ["account-1", 1], ["account-2", 2]] as const) {
        assert.strictEqual(subject.store.of(account).size(), 20)
        assert.isAbove(subject.store.of(account).waitingBytes(), 0)
        const expected = upTo(60).filter((id) => id % 3 === rest)
        assert.deepStrictEqual(ids(takeAll(subject, account)), expected)
        assert.strictEqual(subject.store.of(account).waitingBytes(), 0)
      }
      assert.strictEqual(subject.store.size(), 60)
      assert.strictEqual(balanced(subject).pending.outbox, 60)
    })
  )

  it(
    "loads an account's events though another account holds all that may be loaded",
    using({ maxBytes: 0 }, (subject) => {
      const characters = 20_000
      for (const id of upTo(100)) finish(subject, record(id, "paused", characters))
      for (const id of upTo(10, 101)) finish(subject, record(id, "well", characters))
      for (const id of upTo(10, 111)) finish(subject, record(id, undefined, characters))
      subject.journal.commit()
      const held = takeAll(subject, "paused")
      const bytes = held.length * characters
      assert.isAtLeast(bytes, SqliteFile.loadBytes - DurableOutbox.leastLoad)
      assert.isBelow(held.length, 100, "the share bounds what a paused account holds")
      assert.deepStrictEqual(ids(takeAll(subject, "well")), upTo(10, 101))
      assert.deepStrictEqual(ids(takeAll(subject, "")), upTo(10, 111))
      assert.strictEqual(balanced(subject).pending.outbox, 120)
    })
  )

  it("finds an ended process's events of each account, and learns which accounts have some", () => {
    const folder = SqliteFile.folder()
    const writer = SqliteFile.open({
      directory: `${folder.directory}.writer`,
      maxBytes: 30_000
    })
    for (const id of upTo(40)) finish(writer, record(id, id % 2 === 0 ? "even" : undefined))
    writer.journal.commit()
    SqliteFile.snapshot(`${folder.directory}.writer`, folder.directory)
    writer.journal.close()

    const next = SqliteFile.open({ directory: folder.directory })
    void next.start()
    next.journal.commit()
    assert.strictEqual(balanced(next).redelivered, 40)
    assert.strictEqual(next.store.size(), 40, "those too that nobody has asked for")
    assert.deepStrictEqual([...new Set(next.readyFor)].sort(), ["", "even"])
    assert.deepStrictEqual(ids(takeAll(next, "even")), upTo(40).filter((id) => id % 2 === 0))
    assert.strictEqual(next.journal.spilled("even"), 0)
    assert.strictEqual(next.journal.spilled(), 20)
    assert.deepStrictEqual(ids(takeAll(next, "")), upTo(40).filter((id) => id % 2 === 1))
    next.journal.close()
    folder.remove()
  })

  it(
    "creates an account's own streams when they are needed",
    using({}, (subject, directory) => {
      for (const id of upTo(6)) finish(subject, record(id, id === 4 ? "rare" : undefined))
      subject.journal.commit()
      assert.deepStrictEqual(
        SqliteFile.query(directory, "SELECT account FROM streams ORDER BY account").map(({ account }) => account),
        ["", "rare"]
      )
    })
  )
})
