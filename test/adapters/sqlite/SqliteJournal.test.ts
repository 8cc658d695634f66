import { assert, describe, it } from "@effect/vitest"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { DatabaseSync } from "node:sqlite"
import { setImmediate } from "node:timers/promises"
import * as ProcessToken from "../../../src/adapters/sqlite/ProcessToken.ts"
import * as Ledgers from "../../../src/domain/delivery/Ledger.ts"
import { drain, offer, record, settle } from "../../laws/OutboxLaws.ts"
import * as SqliteFile from "./SqliteFile.ts"

/** A process of another boot of the machine: whoever sees its rows sees that it is gone. */
const earlier = (boot: string): ProcessToken.ProcessToken => ({ ...ProcessToken.current(), boot })

const inFolder = (test: (folder: SqliteFile.Folder) => void) => () => {
  const folder = SqliteFile.folder()
  try {
    test(folder)
  } finally {
    folder.remove()
  }
}

const balanced = ({ ledger }: SqliteFile.Opened): Ledgers.Ledger => {
  const books = ledger.snapshot()
  assert.isTrue(Ledgers.balances(books), JSON.stringify(books))
  return books
}

/** Enters events into the books and offers them. */
const finish = (subject: SqliteFile.Opened, ids: ReadonlyArray<number>, characters?: number): number => {
  let accepted = 0
  for (const id of ids) {
    subject.ledger.enqueued++
    if (offer(subject, record(id, characters), Date.now())) accepted++
    else subject.ledger.drop("outboxFull")
  }
  return accepted
}

const deliver = (subject: SqliteFile.Opened): ReadonlyArray<number> => {
  const ids = drain(subject)
  subject.ledger.deliveredIntake += ids.length
  balanced(subject)
  return ids
}

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1)

const sorted = (ids: ReadonlyArray<number>) => [...ids].sort((a, b) => a - b)

/** Leaves `ids` in the file, as a process does that ends without closing. */
const leave = (
  path: string,
  ids: ReadonlyArray<number>,
  options: { readonly now?: () => number; readonly characters?: number } = {}
): void => {
  const { characters, ...rest } = options
  const writer = SqliteFile.open({ path: `${path}.writer`, identity: earlier("before"), maxBytes: 1e9, ...rest })
  finish(writer, ids, characters)
  writer.journal.commit()
  SqliteFile.snapshot(`${path}.writer`, path)
  writer.journal.close()
}

const adopted = (path: string, options: Partial<Parameters<typeof SqliteFile.open>[0]> = {}): SqliteFile.Opened => {
  const subject = SqliteFile.open({ path, ...options })
  void subject.start()
  subject.journal.commit()
  balanced(subject)
  return subject
}

describe("a journal in a SQLite file", () => {
  describe("when a process ends", () => {
    it(
      "gives what was committed to the next one, which counts it as redelivered",
      inFolder(({ path }) => {
        leave(path, upTo(30))
        const next = adopted(path)
        assert.strictEqual(balanced(next).redelivered, 30)
        assert.strictEqual(balanced(next).pending.outbox, 30)
        assert.deepStrictEqual(deliver(next), upTo(30))
        next.journal.close()
        assert.deepStrictEqual(SqliteFile.query(path, "SELECT * FROM events"), [])
        assert.deepStrictEqual(SqliteFile.query(path, "SELECT * FROM segments"), [])
      })
    )

    it("gives it to who asks in the moment in which it is found, without waiting to be looked for again", async () => {
      for (let round = 0; round < 20; round++) {
        const { path, remove } = SqliteFile.folder()
        leave(path, [1])
        const next = SqliteFile.open({ path })
        const started = next.start()
        const outbox = next.store.of("")
        let told = next.ready()
        for (let item = outbox.take(); item === undefined; item = outbox.take()) {
          while (next.ready() === told) await setImmediate()
          told = next.ready()
        }
        await started
        next.journal.close()
        remove()
      }
    }, 8_000)

    it(
      "does not give what was settled before",
      inFolder(({ path }) => {
        const writer = SqliteFile.open({ path: `${path}.writer`, identity: earlier("before") })
        finish(writer, upTo(10))
        writer.journal.commit()
        for (let i = 0; i < 4; i++) settle(writer, writer.outbox.take()!)
        writer.journal.commit()
        SqliteFile.snapshot(`${path}.writer`, path)
        writer.journal.close()
        const next = adopted(path)
        assert.deepStrictEqual(deliver(next), [5, 6, 7, 8, 9, 10])
        next.journal.close()
      })
    )

    it(
      "writes nothing at all for an event that is settled within the commit window",
      inFolder(({ path }) => {
        const subject = SqliteFile.open({ path })
        finish(subject, upTo(5))
        deliver(subject)
        subject.journal.commit()
        assert.strictEqual(subject.journal.kept(), 0)
        assert.deepStrictEqual(SqliteFile.query(path, "SELECT * FROM events"), [])
        subject.journal.close()
      })
    )

    it(
      "keeps pending what it leaves when it closes in order, and another takes it over",
      inFolder(({ path }) => {
        const first = SqliteFile.open({ path })
        finish(first, upTo(8))
        first.outbox.close!()
        assert.strictEqual(first.outbox.kept!(), 8)
        balanced(first)
        const second = adopted(path)
        assert.deepStrictEqual(deliver(second), upTo(8))
        second.outbox.close!()
      })
    )

    it(
      "loses of a torn last write only what that write had not committed",
      inFolder(({ folder, path }) => {
        const writer = SqliteFile.open({ path, identity: earlier("before") })
        finish(writer, upTo(5))
        writer.journal.commit()
        const whole = Fs.statSync(`${path}-wal`).size
        finish(writer, [6, 7])
        writer.journal.commit()
        const torn = Fs.statSync(`${path}-wal`).size
        for (const size of [whole, whole + 1, Math.floor((whole + torn) / 2), torn - 1, torn]) {
          const copy = Path.join(folder, `torn-${size}.db`)
          SqliteFile.snapshot(path, copy)
          Fs.truncateSync(`${copy}-wal`, size)
          const next = adopted(copy)
          assert.deepStrictEqual(deliver(next), size === torn ? upTo(7) : upTo(5), `${size} of ${torn}`)
          next.journal.close()
        }
        writer.journal.close()
      })
    )
  })

  describe("as the overflow of memory", () => {
    it(
      "takes what memory has no room for, counts it as pending, and gives it back in order",
      inFolder(({ path }) => {
        const subject = SqliteFile.open({ path, maxBytes: 20_000 })
        assert.strictEqual(finish(subject, upTo(400), 1_000), 400)
        subject.journal.commit()
        assert.isAbove(subject.journal.spilled(), 390)
        assert.strictEqual(balanced(subject).pending.outbox, 400)
        const spilled = deliver(subject).filter((id) => id > 10)
        assert.deepStrictEqual(spilled, sorted(spilled))
        assert.strictEqual(balanced(subject).delivered.intake, 400)
        subject.journal.close()
      })
    )

    it(
      "says when there is something to take again",
      inFolder(({ path }) => {
        const subject = SqliteFile.open({ path, maxBytes: 1_000 })
        void subject.start()
        finish(subject, [1])
        assert.strictEqual(subject.ready(), 0)
        subject.journal.commit()
        assert.strictEqual(subject.ready(), 1)
        subject.journal.close()
      })
    )

    it(
      "leaves what it held alone to the next process too",
      inFolder(({ path }) => {
        const subject = SqliteFile.open({ path, maxBytes: 1_000 })
        finish(subject, upTo(50))
        subject.outbox.close!()
        assert.strictEqual(subject.outbox.kept!(), 50)
        const next = adopted(path)
        assert.deepStrictEqual(deliver(next), upTo(50))
        next.journal.close()
      })
    )
  })

  describe("with several processes on one file", () => {
    it(
      "leaves the rows of a process that runs alone",
      inFolder(({ path }) => {
        const first = SqliteFile.open({ path })
        finish(first, upTo(5))
        first.journal.commit()
        const second = adopted(path)
        finish(second, [6, 7])
        second.journal.commit()
        assert.deepStrictEqual(deliver(second), [6, 7])
        assert.deepStrictEqual(deliver(first), upTo(5))
        first.journal.close()
        second.journal.close()
        assert.deepStrictEqual(SqliteFile.query(path, "SELECT * FROM events"), [])
      })
    )

    it(
      "gives the rows of an ended process to one of them",
      inFolder(({ path }) => {
        leave(path, upTo(20))
        const first = adopted(path)
        const second = adopted(path)
        assert.strictEqual(first.outbox.size() + second.outbox.size(), 20)
        assert.deepStrictEqual([...deliver(first), ...deliver(second)], upTo(20))
        first.journal.close()
        second.journal.close()
      })
    )

    it(
      "gives up what another process took over meanwhile, and writes again what memory holds",
      inFolder(({ path }) => {
        const paused = SqliteFile.open({ path, maxBytes: 20_000 })
        finish(paused, upTo(40), 1_000)
        paused.journal.commit()
        const held = 40 - paused.journal.spilled()
        const other = new DatabaseSync(path)
        other.exec("UPDATE segments SET holder = 'other'")
        other.close()
        void paused.start()
        paused.journal.commit()
        const books = balanced(paused)
        assert.strictEqual(books.transferred, 40 - held)
        assert.strictEqual(books.pending.outbox, held)
        paused.journal.commit()
        assert.strictEqual(paused.journal.kept(), held)
        assert.deepStrictEqual(deliver(paused), upTo(held))
        paused.journal.close()
      })
    )
  })

  describe("when rows are damaged", () => {
    it(
      "sets them aside, counts them, and delivers the others",
      inFolder(({ path }) => {
        leave(path, upTo(10))
        SqliteFile.query(path, "UPDATE events SET body = replace(body, 'x', 'y') WHERE id % 5 = 0 RETURNING id")
        const next = adopted(path)
        const delivered = deliver(next)
        assert.strictEqual(delivered.length, 8)
        const books = balanced(next)
        assert.strictEqual(books.dropped.refused, 2)
        assert.strictEqual(books.pending.outbox, 0)
        assert.strictEqual(next.diagnostics.counts().get("outbox.unreadable"), 1)
        next.journal.close()
        assert.strictEqual(SqliteFile.query(path, "SELECT body FROM set_aside").length, 2)
        assert.strictEqual(SqliteFile.query(path, "SELECT * FROM events").length, 0)
      })
    )

    it(
      "passes over any number of them",
      inFolder(({ path }) => {
        leave(path, upTo(200), { characters: 20_000 })
        SqliteFile.query(path, "UPDATE events SET crc = 0 WHERE id % 1073741824 < 200 RETURNING id")
        const next = adopted(path)
        const delivered: Array<number> = []
        for (let round = 0; round < 20 && delivered.length === 0; round++) delivered.push(...deliver(next))
        assert.deepStrictEqual(delivered, [200])
        assert.isAbove(next.ready(), 1)
        assert.strictEqual(balanced(next).dropped.refused, 199)
        next.journal.close()
      })
    )

    it(
      "counts rows that somebody took out of the file",
      inFolder(({ path }) => {
        leave(path, upTo(10))
        const next = adopted(path)
        SqliteFile.query(path, "DELETE FROM events RETURNING id")
        assert.deepStrictEqual(deliver(next), [])
        assert.strictEqual(balanced(next).dropped.refused, 10)
        next.journal.close()
      })
    )
  })

  describe("when the file is damaged", () => {
    it(
      "gives it another name, and begins anew",
      inFolder(({ folder, path }) => {
        Fs.writeFileSync(path, "this is no database, and was never meant to be one".repeat(100), { mode: 0o600 })
        const subject = adopted(path)
        finish(subject, upTo(3))
        subject.journal.commit()
        assert.strictEqual(subject.journal.kept(), 3)
        assert.deepStrictEqual(deliver(subject), upTo(3))
        subject.journal.close()
        assert.strictEqual(Fs.readdirSync(folder).filter((name) => name.includes(".damaged-")).length, 1)
        assert.strictEqual(subject.said.filter((line) => line.includes("damaged")).length, 1)
      })
    )

    it(
      "while it runs, loses nothing that memory holds, and counts what only the file held",
      inFolder(({ path }) => {
        const subject = adopted(path, { maxBytes: 20_000 })
        finish(subject, upTo(300), 1_000)
        subject.journal.commit()
        const spilled = subject.journal.spilled()
        // Everything into the file itself, then noise over all of it but the head.
        SqliteFile.query(path, "PRAGMA wal_checkpoint(TRUNCATE)")
        const file = Fs.openSync(path, "r+")
        const noise = Buffer.alloc(Fs.fstatSync(file).size - 32_768, 0x5a)
        Fs.writeSync(file, noise, 0, noise.length, 32_768)
        Fs.closeSync(file)
        const delivered = deliver(subject)
        assert.includeMembers([...delivered], upTo(300 - spilled))
        assert.strictEqual(balanced(subject).pending.outbox, 0)
        assert.strictEqual(balanced(subject).dropped.refused, 300 - delivered.length)
        finish(subject, [301])
        subject.journal.commit()
        assert.strictEqual(subject.journal.kept(), 1)
        subject.journal.close()
      })
    )
  })

  describe("when it cannot write", () => {
    it(
      "says so once, and memory goes on",
      inFolder(({ path }) => {
        Fs.writeFileSync(path, "")
        for (const bad of [Path.join(path, "outbox.db"), "/proc/outbox.db"]) {
          const subject = adopted(bad, { maxBytes: 20_000 })
          const accepted = finish(subject, upTo(100), 1_000)
          assert.isAbove(accepted, 0)
          assert.isBelow(accepted, 100)
          subject.journal.commit()
          assert.strictEqual(subject.journal.kept(), 0)
          assert.strictEqual(balanced(subject).dropped.outboxFull, 100 - accepted)
          assert.deepStrictEqual(deliver(subject), upTo(accepted))
          subject.journal.close()
          assert.strictEqual(subject.said.length, 1)
          assert.strictEqual(balanced(subject).pending.outbox, 0)
        }
      })
    )

    it(
      "for lack of room in the file, refuses what has no room in memory either, and recovers",
      inFolder(({ path }) => {
        const subject = SqliteFile.open({ path, maxBytes: 20_000, fileBytes: 1024 * 1024 })
        const accepted = finish(subject, upTo(4_000), 3_000)
        assert.isAbove(accepted, 100)
        assert.isBelow(accepted, 4_000)
        subject.journal.commit()
        assert.isAtMost(Fs.statSync(path).size, 1024 * 1024)
        assert.strictEqual(balanced(subject).pending.outbox, accepted)
        assert.strictEqual(subject.said.length, 1)
        // What is in the file can be delivered, and that makes room.
        let delivered = 0
        while (delivered < 50) {
          settle(subject, subject.outbox.take()!)
          subject.ledger.deliveredIntake++
          delivered++
          balanced(subject)
        }
        subject.journal.close()
        assert.isAbove(subject.journal.kept(), 0)
      })
    )

    it(
      "an event larger than the file, does not hold up the others",
      inFolder(({ path }) => {
        const subject = SqliteFile.open({ path, maxBytes: 100_000_000, fileBytes: 1024 * 1024 })
        finish(subject, [1], 2_000_000)
        subject.journal.commit()
        finish(subject, upTo(5).map((id) => id + 1))
        subject.journal.close()
        assert.strictEqual(subject.journal.kept(), 5)
      })
    )
  })

  describe("its file", () => {
    it(
      "is its user's only, and so is a folder made for it",
      inFolder(({ folder }) => {
        const path = Path.join(folder, "made", "for", "it", "outbox.db")
        const subject = SqliteFile.open({ path })
        finish(subject, [1])
        subject.journal.commit()
        assert.strictEqual(Fs.statSync(Path.dirname(path)).mode & 0o777, 0o700)
        for (const name of Fs.readdirSync(Path.dirname(path))) {
          assert.strictEqual(Fs.statSync(Path.join(Path.dirname(path), name)).mode & 0o777, 0o600, name)
        }
        assert.strictEqual(Fs.readdirSync(Path.dirname(path)).length, 3)
        subject.journal.close()
      })
    )

    it(
      "is made its user's only when it was not",
      inFolder(({ path }) => {
        Fs.writeFileSync(path, "", { mode: 0o644 })
        SqliteFile.open({ path }).journal.close()
        assert.strictEqual(Fs.statSync(path).mode & 0o777, 0o600)
      })
    )

    it(
      "is refused when it is a link, or of another release",
      inFolder(({ folder, path }) => {
        const target = Path.join(folder, "target")
        Fs.writeFileSync(target, "")
        Fs.symlinkSync(target, path)
        const linked = SqliteFile.open({ path })
        linked.journal.commit()
        assert.strictEqual(linked.said.length, 1)
        linked.journal.close()
        assert.strictEqual(Fs.statSync(target).size, 0)

        const newer = Path.join(folder, "newer.db")
        SqliteFile.query(newer, "CREATE TABLE events (other)")
        SqliteFile.query(newer, "PRAGMA user_version = 99")
        const refused = SqliteFile.open({ path: newer })
        finish(refused, [1])
        refused.journal.commit()
        assert.strictEqual(refused.journal.kept(), 0)
        refused.journal.close()
        assert.deepStrictEqual(SqliteFile.query(newer, "SELECT * FROM events"), [])
      })
    )
  })

  describe("with events of more than a day", () => {
    it("drops and counts them, and delivers the younger ones", () => {
      const { path, remove } = SqliteFile.folder()
      let time = 1_000_000_000_000
      leave(path, upTo(1_700), { now: () => time++ })
      const next = adopted(path, { now: () => time - 200 + SqliteFile.day })
      const books = balanced(next)
      assert.strictEqual(books.redelivered, 1_700)
      assert.strictEqual(books.dropped.expired, 1_500)
      assert.deepStrictEqual(deliver(next), upTo(1_700).slice(1_500))
      next.journal.close()
      remove()
    })
  })
})
