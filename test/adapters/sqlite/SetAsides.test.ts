import { assert, describe, it } from "@effect/vitest"
import * as Fs from "node:fs"
import * as OutboxFile from "../../../src/adapters/sqlite/OutboxFile.ts"
import type { SetAside } from "../../../src/domain/delivery/SetAside.ts"
import { offer, record, settle } from "../../laws/OutboxLaws.ts"
import * as SqliteFile from "./SqliteFile.ts"

const entry = (at: number, event: string | undefined = `{"n":${at}}`): SetAside => ({
  reason: "refused",
  status: 400,
  at,
  event
})

const inFolder = async (test: (directory: string) => Promise<void>) => {
  const folder = SqliteFile.folder()
  try {
    await test(folder.directory)
  } finally {
    folder.remove()
  }
}

describe("events that nobody takes", () => {
  it("are moved from where they wait to where they can be read, also by later processes", () =>
    inFolder(async (directory) => {
      const first = SqliteFile.open({ directory })
      const written: SetAside = { reason: "oversized", status: undefined, at: 7, event: undefined }
      for (const id of [1, 2, 3]) offer(first, record(id))
      first.journal.commit()
      // As a lane does: one is settled before it is set aside, one after.
      const [one, two, three] = [first.outbox.take()!, first.outbox.take()!, first.outbox.take()!]
      first.store.setAside(one.record, entry(5))
      settle(first, one)
      settle(first, two)
      first.store.setAside(two.record, written)
      assert.deepStrictEqual(await first.store.readSetAside(), [entry(5), written])
      assert.strictEqual(first.journal.kept(), 1)
      first.outbox.restore(three)
      first.journal.close()
      assert.deepStrictEqual(await first.store.readSetAside(), [])
      assert.strictEqual(SqliteFile.query(directory, "SELECT id FROM events").length, 1)

      const next = SqliteFile.open({ directory })
      void next.start()
      next.journal.commit()
      next.store.setAside(record(9), entry(9))
      assert.deepStrictEqual(await next.store.readSetAside(), [entry(5), written, entry(9)])
      next.journal.close()
    }))

  it("leave no copy when they are set aside before it was written", () =>
    inFolder(async (directory) => {
      const subject = SqliteFile.open({ directory })
      offer(subject, record(1))
      const item = subject.outbox.take()!
      subject.store.setAside(item.record, entry(1))
      settle(subject, item)
      assert.deepStrictEqual(await subject.store.readSetAside(), [entry(1)])
      assert.deepStrictEqual(SqliteFile.query(directory, "SELECT id FROM events"), [])
      subject.journal.close()
    }))

  it("are with those that could not be read, as they were found", () =>
    inFolder(async (directory) => {
      const writer = SqliteFile.open({ directory, maxBytes: 0, now: () => 42 })
      for (const id of [1, 2]) writer.journal.spill(record(id))
      writer.journal.close()
      SqliteFile.change(directory, "UPDATE events SET body = 'no json' WHERE id % 2 = 0 RETURNING id")
      const subject = SqliteFile.open({ directory, now: () => 42 })
      void subject.start()
      subject.journal.commit()
      assert.strictEqual(subject.outbox.take()?.record.context.spanId, "1")
      assert.deepStrictEqual(await subject.store.readSetAside(), [
        { reason: "unreadable", status: undefined, at: 42, event: "no json" }
      ])
      assert.strictEqual(subject.ledger.dropped.refused, 1)
      subject.journal.close()
    }))

  it("can be read though the file cannot be written", () =>
    inFolder(async (directory) => {
      Fs.writeFileSync(directory, "")
      const subject = SqliteFile.open({ directory: `${directory}/inside` })
      await subject.journal.opened
      for (const at of [1, 2]) subject.store.setAside(record(at), entry(at))
      subject.journal.commit()
      assert.deepStrictEqual(await subject.store.readSetAside(), [entry(1), entry(2)])
      subject.journal.close()
    }))

  it("are bounded, in number and in bytes, and the newest are kept", () =>
    inFolder(async (directory) => {
      const subject = SqliteFile.open({ directory })
      const { bytes, events } = OutboxFile.setAsideBounds
      for (let at = 1; at <= events + 5; at++) {
        subject.store.setAside(record(at), entry(at))
        if (at % 600 === 0) subject.journal.commit()
      }
      const many = await subject.store.readSetAside()
      assert.deepStrictEqual(many.map(({ at }) => at), Array.from({ length: events }, (_, i) => i + 6))
      for (const at of [2_001, 2_002, 2_003]) subject.store.setAside(record(at), entry(at, "x".repeat(bytes / 2)))
      const large = await subject.store.readSetAside()
      assert.deepStrictEqual(large.map(({ at }) => at), [2_002, 2_003])
      subject.journal.close()
    }))
})
