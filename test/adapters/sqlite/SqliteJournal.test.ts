import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { DatabaseSync } from "node:sqlite"
import { setImmediate } from "node:timers/promises"
import * as Zlib from "node:zlib"
import type { Moment } from "../../../src/domain/delivery/EventAge.ts"
import * as Ledgers from "../../../src/domain/delivery/Ledger.ts"
import { drain, offer, record, settle } from "../../laws/OutboxLaws.ts"
import * as SqliteFile from "./SqliteFile.ts"

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
  directory: string,
  ids: ReadonlyArray<number>,
  options: {
    readonly now?: () => number
    readonly moment?: () => Moment
    readonly characters?: number
    readonly host?: string
    /** The id of an event of another account. */
    readonly other?: number
  } = {}
): void => {
  const { characters, other, ...rest } = options
  const elsewhere = `${directory}.writer-${ids[0]}`
  const writer = SqliteFile.open({ directory: elsewhere, maxBytes: 1e9, ...rest })
  finish(writer, ids, characters)
  if (other !== undefined) assert.isTrue(writer.budget.reserve(record(other, characters, "other")))
  writer.journal.commit()
  const left = `${elsewhere}-left`
  SqliteFile.snapshot(elsewhere, left)
  Fs.cpSync(left, directory, { recursive: true })
  writer.journal.close()
}

const adopted = (
  directory: string,
  options: Partial<Parameters<typeof SqliteFile.open>[0]> = {}
): SqliteFile.Opened => {
  const subject = SqliteFile.open({ directory, ...options })
  void subject.start()
  subject.journal.commit()
  balanced(subject)
  return subject
}

const names = (folder: string) => Fs.readdirSync(folder, { recursive: true, encoding: "utf8" })

/** Noise over all of a file but its head, by another process: to close it here would end its lock. */
const overwrite = (path: string): void => {
  const script = `
    const fs = require("node:fs"), fd = fs.openSync(process.argv[1], "r+")
    const noise = Buffer.alloc(fs.fstatSync(fd).size - 32_768 * 5, 0x5a)
    fs.writeSync(fd, noise, 0, noise.length, 32_768 * 5)`
  assert.strictEqual(spawnSync(process.execPath, ["-e", script, path]).status, 0)
}

const change = (path: string, ...statements: ReadonlyArray<string>): void => {
  const database = new DatabaseSync(path)
  for (const statement of statements) database.exec(statement)
  database.close()
}

describe("a journal in a folder of SQLite files", () => {
  describe("when a process ends", () => {
    it(
      "gives what was committed to the next one, which counts it as redelivered",
      inFolder(({ directory }) => {
        leave(directory, upTo(30))
        const next = adopted(directory)
        assert.strictEqual(balanced(next).redelivered, 30)
        assert.strictEqual(balanced(next).pending.outbox, 30)
        assert.deepStrictEqual(deliver(next), upTo(30))
        next.journal.close()
        assert.deepStrictEqual(SqliteFile.files(directory), [])
      })
    )

    it("gives it to who asks in the moment in which it is found, without waiting to be looked for again", async () => {
      // One that has to be looked for again comes a second later. A machine that pauses makes a few late, never most.
      let late = 0
      for (let round = 0; round < 20; round++) {
        const { directory, remove } = SqliteFile.folder()
        leave(directory, [1])
        const next = SqliteFile.open({ directory })
        const started = next.start()
        const outbox = next.store.of("")
        const before = performance.now()
        let told = next.ready()
        for (let item = outbox.take(); item === undefined; item = outbox.take()) {
          while (next.ready() === told) await setImmediate()
          told = next.ready()
        }
        if (performance.now() - before > 900) late++
        await started
        next.journal.close()
        remove()
      }
      assert.isBelow(late, 8)
    })

    it(
      "gives it to the millisecond, where the clock tells parts of one",
      inFolder(({ directory }) => {
        leave(directory, [1], { now: () => 1_000.75 })
        const next = adopted(directory, { now: () => 1_001.5 })
        assert.strictEqual(next.outbox.take()?.offeredAt, 1_000)
        next.journal.close()
      })
    )

    it(
      "does not give what was settled before",
      inFolder(({ directory }) => {
        const writer = SqliteFile.open({ directory: `${directory}.writer` })
        finish(writer, upTo(10))
        writer.journal.commit()
        for (let i = 0; i < 4; i++) settle(writer, writer.outbox.take()!)
        writer.journal.commit()
        SqliteFile.snapshot(`${directory}.writer`, directory)
        writer.journal.close()
        const next = adopted(directory)
        assert.deepStrictEqual(deliver(next), [5, 6, 7, 8, 9, 10])
        next.journal.close()
      })
    )

    it(
      "writes nothing at all for an event that is settled within the commit window",
      inFolder(({ directory }) => {
        const subject = SqliteFile.open({ directory })
        finish(subject, upTo(5))
        deliver(subject)
        subject.journal.commit()
        assert.strictEqual(subject.journal.kept(), 0)
        assert.deepStrictEqual(SqliteFile.query(directory, "SELECT * FROM events"), [])
        subject.journal.close()
      })
    )

    it(
      "keeps pending what it leaves when it closes in order, and another takes it over",
      inFolder(({ directory }) => {
        const first = SqliteFile.open({ directory })
        finish(first, upTo(8))
        first.outbox.close!()
        assert.strictEqual(first.outbox.kept!(), 8)
        balanced(first)
        const second = adopted(directory)
        assert.deepStrictEqual(deliver(second), upTo(8))
        second.outbox.close!()
      })
    )

    it(
      "loses of a torn last write only what that write had not committed",
      inFolder(({ directory, folder }) => {
        const writer = SqliteFile.open({ directory })
        finish(writer, upTo(5))
        writer.journal.commit()
        const log = `${SqliteFile.files(directory)[0]}-wal`
        const whole = Fs.lstatSync(log).size
        finish(writer, [6, 7])
        writer.journal.commit()
        const torn = Fs.lstatSync(log).size
        for (const size of [whole, whole + 1, Math.floor((whole + torn) / 2), torn - 1, torn]) {
          const copy = Path.join(folder, `torn-${size}`)
          SqliteFile.copy(directory, copy)
          Fs.truncateSync(`${SqliteFile.files(copy)[0]}-wal`, size)
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
      inFolder(({ directory }) => {
        const subject = SqliteFile.open({ directory, maxBytes: 20_000 })
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
      inFolder(({ directory }) => {
        const subject = SqliteFile.open({ directory, maxBytes: 1_000 })
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
      inFolder(({ directory }) => {
        const subject = SqliteFile.open({ directory, maxBytes: 1_000 })
        finish(subject, upTo(50))
        subject.outbox.close!()
        assert.strictEqual(subject.outbox.kept!(), 50)
        const next = adopted(directory)
        assert.deepStrictEqual(deliver(next), upTo(50))
        next.journal.close()
      })
    )
  })

  describe("with several journals in one directory", () => {
    it(
      "leaves the events of a journal that is open alone",
      inFolder(({ directory }) => {
        const first = SqliteFile.open({ directory })
        finish(first, upTo(5))
        first.journal.commit()
        const second = adopted(directory)
        finish(second, [6, 7])
        second.journal.commit()
        assert.strictEqual(SqliteFile.files(directory).length, 2)
        assert.deepStrictEqual(deliver(second), [6, 7])
        assert.deepStrictEqual(deliver(first), upTo(5))
        first.journal.close()
        second.journal.close()
        assert.deepStrictEqual(SqliteFile.files(directory), [])
      })
    )

    it(
      "gives the events of an ended process to one of them",
      inFolder(({ directory }) => {
        leave(directory, upTo(20))
        const first = adopted(directory)
        const second = adopted(directory)
        assert.strictEqual(first.outbox.size() + second.outbox.size(), 20)
        assert.deepStrictEqual([...deliver(first), ...deliver(second)], upTo(20))
        first.journal.close()
        second.journal.close()
      })
    )

    it(
      "reads one file of an ended process at a time, and leaves the others to other journals",
      inFolder(({ directory }) => {
        for (const first of [1, 11, 21]) leave(directory, upTo(10).map((n) => first + n - 1), { characters: 100_000 })
        const one = adopted(directory)
        const two = adopted(directory)
        assert.strictEqual(balanced(one).redelivered, 10)
        assert.strictEqual(balanced(two).redelivered, 10)
        const ids = [...deliver(one), ...deliver(two)]
        assert.deepStrictEqual(sorted(ids), upTo(30))
        one.journal.close()
        two.journal.close()
        assert.deepStrictEqual(SqliteFile.files(directory), [])
      })
    )
  })

  describe("when events belong to an account that this process does not name", () => {
    it(
      "reads the next file of an ended process, and theirs once the account is named",
      inFolder(({ directory }) => {
        leave(directory, [1, 2], { other: 3 })
        leave(directory, [11, 12], { other: 13 })
        const next = adopted(directory)
        assert.deepStrictEqual(sorted(deliver(next)), [1, 2, 11, 12])
        assert.strictEqual(balanced(next).pending.outbox, 2)
        const other = next.store.of("other")
        const ids: Array<string> = []
        for (let item = SqliteFile.takeFrom(other, next.journal); item !== undefined;) {
          ids.push(item.record.context.spanId)
          other.settle(item)
          next.budget.release(item.record)
          next.ledger.deliveredIntake++
          item = SqliteFile.takeFrom(other, next.journal)
        }
        assert.deepStrictEqual(ids.sort(), ["13", "3"])
        assert.strictEqual(balanced(next).pending.outbox, 0)
        next.journal.close()
        assert.deepStrictEqual(SqliteFile.files(directory), [])
      })
    )
  })

  describe("when rows are damaged", () => {
    const isSecond = "id % 1073741824 = 2"

    it(
      "sets them aside, counts them, and delivers the others",
      inFolder(({ directory }) => {
        leave(directory, upTo(10))
        SqliteFile.change(directory, "UPDATE events SET body = replace(body, 'x', 'y') WHERE id % 5 = 0 RETURNING id")
        const next = adopted(directory)
        const delivered = deliver(next)
        assert.strictEqual(delivered.length, 8)
        const books = balanced(next)
        assert.strictEqual(books.dropped.refused, 2)
        assert.strictEqual(books.pending.outbox, 0)
        assert.strictEqual(next.diagnostics.counts().get("outbox.unreadable"), 1)
        next.journal.close()
        assert.strictEqual(SqliteFile.query(directory, "SELECT body FROM set_aside").length, 2)
        assert.strictEqual(SqliteFile.query(directory, "SELECT * FROM events").length, 0)
      })
    )

    for (const levels of [5_000, 50_000]) {
      it(
        `sets one aside whose text has ${levels} levels, and delivers the others`,
        inFolder(({ directory }) => {
          leave(directory, upTo(3))
          const [row] = SqliteFile.change(directory, `SELECT body FROM events WHERE ${isSecond}`)
          const deep = `${"[".repeat(levels)}${"]".repeat(levels)}`
          const body = String(row!["body"]).replace("\"tags\":{", `"tags":{"deep":${deep},`)
          SqliteFile.change(
            directory,
            `UPDATE events SET body = '${body}', crc = ${Zlib.crc32(body)} WHERE ${isSecond} RETURNING id`
          )
          const next = adopted(directory)
          assert.deepStrictEqual(deliver(next), [1, 3])
          assert.strictEqual(balanced(next).dropped.refused, 1)
          next.journal.close()
        })
      )
    }

    it(
      "reads numbers that JavaScript cannot have",
      inFolder(({ directory }) => {
        leave(directory, upTo(3))
        SqliteFile.change(directory, `UPDATE events SET at = ${2n ** 62n} WHERE ${isSecond} RETURNING id`)
        SqliteFile.change(directory, `UPDATE events SET crc = ${2n ** 62n} WHERE id % 1073741824 = 3 RETURNING id`)
        const next = adopted(directory)
        assert.deepStrictEqual(deliver(next), [1, 2])
        assert.strictEqual(balanced(next).dropped.refused, 1)
        next.journal.close()
      })
    )

    it(
      "passes over any number of them",
      inFolder(({ directory }) => {
        leave(directory, upTo(200), { characters: 20_000 })
        SqliteFile.change(directory, "UPDATE events SET crc = 0 WHERE id % 1073741824 < 200 RETURNING id")
        const next = adopted(directory)
        const delivered: Array<number> = []
        for (let round = 0; round < 20 && delivered.length === 0; round++) delivered.push(...deliver(next))
        assert.deepStrictEqual(delivered, [200])
        assert.isAbove(next.ready(), 1)
        assert.strictEqual(balanced(next).dropped.refused, 199)
        next.journal.close()
      })
    )
  })

  describe("when a file is damaged", () => {
    it(
      "that another process left, gives it another name and counts what it had counted of it",
      inFolder(({ directory, folder }) => {
        leave(directory, upTo(3_000), { characters: 1_000 })
        // All of the log into the file, then noise over all of it but the head.
        SqliteFile.change(directory, "PRAGMA wal_checkpoint(TRUNCATE)")
        const subject = adopted(directory)
        assert.strictEqual(balanced(subject).redelivered, 3_000)
        overwrite(SqliteFile.files(directory).find((path) => Fs.lstatSync(path).size > 300_000)!)
        deliver(subject)
        assert.strictEqual(balanced(subject).pending.outbox, 0)
        assert.isAbove(balanced(subject).dropped.refused, 0)
        assert.strictEqual(subject.said.filter((line) => line.includes("effect-llmobs rescue")).length, 1)
        finish(subject, [301])
        subject.journal.commit()
        assert.strictEqual(subject.journal.kept(), 1)
        subject.journal.close()
        assert.strictEqual(names(folder).filter((name) => name.endsWith(".damaged")).length, 1)
      })
    )

    it(
      "while it runs, loses nothing that memory holds, and counts what only the file held",
      inFolder(({ directory }) => {
        const subject = adopted(directory, { maxBytes: 20_000 })
        finish(subject, upTo(3_000), 1_000)
        subject.journal.commit()
        const spilled = subject.journal.spilled()
        overwrite(SqliteFile.files(directory)[0]!)
        const delivered = deliver(subject)
        assert.includeMembers([...delivered], upTo(3_000 - spilled))
        assert.strictEqual(balanced(subject).pending.outbox, 0)
        assert.strictEqual(balanced(subject).dropped.refused, 3_000 - delivered.length)
        assert.isAbove(balanced(subject).dropped.refused, 0)
        finish(subject, [3_001])
        subject.journal.commit()
        assert.strictEqual(subject.journal.kept(), 1)
        subject.journal.close()
      })
    )

    it(
      "concerns nobody else: two journals that meet one go on in the files that they have",
      inFolder(({ directory }) => {
        leave(directory, upTo(50), { characters: 1_000 })
        SqliteFile.change(directory, "PRAGMA wal_checkpoint(TRUNCATE)")
        overwrite(SqliteFile.files(directory)[0]!)
        const both = [adopted(directory), adopted(directory)]
        both.forEach((subject, i) => finish(subject, upTo(300).map((n) => (i + 1) * 1_000 + n)))
        for (const subject of both) subject.journal.commit()
        for (const subject of both) assert.strictEqual(subject.journal.kept(), 300 + subject.journal.spilled())
        for (const subject of both) deliver(subject)
        for (const subject of both) assert.strictEqual(balanced(subject).delivered.intake >= 300, true)
        for (const subject of both) subject.journal.close()
      })
    )
  })

  describe("when its file is taken away while it is used", () => {
    const ways: { readonly [name: string]: (path: string, folder: string) => void } = {
      "removed": (path) => Fs.rmSync(path),
      "moved within the folder": (path) => Fs.renameSync(path, `${path}.old`),
      "replaced by another": (path) => {
        Fs.renameSync(path, `${path}.old`)
        Fs.writeFileSync(path, "something else")
      },
      "moved with its folder": (_path, folder) => Fs.renameSync(folder, `${folder}.old`)
    }
    for (const [name, spoil] of Object.entries(ways)) {
      it(
        `and ${name}, the next commit begins anew with what memory holds, and nothing is lost`,
        inFolder(({ directory }) => {
          const subject = adopted(directory)
          finish(subject, upTo(300))
          subject.journal.commit()
          assert.strictEqual(subject.journal.kept(), 300)
          spoil(SqliteFile.files(directory)[0]!, Path.join(directory, "effect-llmobs"))
          finish(subject, [301])
          subject.journal.commit()
          assert.strictEqual(subject.journal.kept(), 301)
          assert.strictEqual(subject.said.filter((line) => line.includes("moved, replaced or removed")).length, 1)
          balanced(subject)
          subject.journal.close()
          assert.strictEqual(subject.journal.kept(), 301)
          assert.deepStrictEqual(sorted(deliver(adopted(directory))), upTo(301))
        })
      )

      it(
        `and ${name}, closing begins anew with what memory holds, and counts nothing else as kept`,
        inFolder(({ directory }) => {
          const subject = adopted(directory, { maxBytes: 20_000 })
          finish(subject, upTo(300), 1_000)
          subject.journal.commit()
          const spilled = subject.journal.spilled()
          assert.isAbove(spilled, 200)
          spoil(SqliteFile.files(directory)[0]!, Path.join(directory, "effect-llmobs"))
          subject.journal.close()
          assert.strictEqual(subject.journal.kept(), 300 - spilled)
          assert.deepStrictEqual(sorted(deliver(adopted(directory))), upTo(300 - spilled))
        })
      )
    }

    it(
      "and only its log is gone, brings the log into the file and goes on with it",
      inFolder(({ directory }) => {
        const subject = adopted(directory, { maxBytes: 20_000 })
        for (const first of [1, 101]) {
          finish(subject, upTo(100).map((n) => first + n - 1), 1_000)
          subject.journal.commit()
          Fs.rmSync(`${SqliteFile.files(directory)[0]}-wal`)
        }
        finish(subject, upTo(100).map((n) => n + 200), 1_000)
        subject.journal.close()
        assert.deepStrictEqual(subject.said, [])
        assert.strictEqual(subject.journal.kept(), 300)
        assert.deepStrictEqual(sorted(deliver(adopted(directory))), upTo(300))
      })
    )

    it(
      "events that only the lost file has are still delivered by the process that has it open",
      inFolder(({ directory }) => {
        const subject = adopted(directory, { maxBytes: 20_000 })
        finish(subject, upTo(300), 1_000)
        subject.journal.commit()
        Fs.rmSync(SqliteFile.files(directory)[0]!)
        finish(subject, [301])
        subject.journal.commit()
        assert.deepStrictEqual(sorted(deliver(subject)), upTo(301))
        subject.journal.close()
        assert.deepStrictEqual(SqliteFile.files(directory), [])
      })
    )
  })

  describe("when it cannot write", () => {
    it(
      "says so once, and memory goes on",
      inFolder(({ directory }) => {
        Fs.writeFileSync(directory, "")
        for (const bad of [Path.join(directory, "inside"), "/proc/outbox"]) {
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
      inFolder(({ directory }) => {
        const subject = SqliteFile.open({ directory, maxBytes: 20_000, fileBytes: 1024 * 1024 })
        const accepted = finish(subject, upTo(4_000), 3_000)
        assert.isAbove(accepted, 100)
        assert.isBelow(accepted, 4_000)
        subject.journal.commit()
        assert.isAtMost(Fs.lstatSync(SqliteFile.files(directory)[0]!).size, 1024 * 1024)
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
      inFolder(({ directory }) => {
        const subject = SqliteFile.open({ directory, maxBytes: 100_000_000, fileBytes: 1024 * 1024 })
        finish(subject, [1], 2_000_000)
        subject.journal.commit()
        finish(subject, upTo(5).map((id) => id + 1))
        subject.journal.close()
        assert.strictEqual(subject.journal.kept(), 5)
      })
    )
  })

  describe("its folder", () => {
    it(
      "is its user's only, and so are the files in it and the folders made for it",
      inFolder(({ folder }) => {
        const directory = Path.join(folder, "made", "for", "it")
        const subject = SqliteFile.open({ directory })
        finish(subject, [1])
        subject.journal.commit()
        const inside = Path.join(directory, "effect-llmobs")
        for (const path of [directory, inside]) assert.strictEqual(Fs.lstatSync(path).mode & 0o777, 0o700)
        for (const name of Fs.readdirSync(inside)) {
          assert.strictEqual(Fs.lstatSync(Path.join(inside, name)).mode & 0o777, 0o600, name)
        }
        assert.deepStrictEqual(names(inside).filter((name) => name.endsWith("-shm")), [])
        subject.journal.close()
      })
    )

    it(
      "is made its user's only when it was not, in a directory that everybody may write",
      inFolder(({ directory }) => {
        const inside = Path.join(directory, "effect-llmobs")
        Fs.mkdirSync(inside, { recursive: true })
        Fs.chmodSync(directory, 0o777)
        Fs.chmodSync(inside, 0o777)
        SqliteFile.open({ directory }).journal.close()
        assert.strictEqual(Fs.lstatSync(inside).mode & 0o777, 0o700)
        assert.strictEqual(Fs.lstatSync(directory).mode & 0o777, 0o777)
      })
    )

    it(
      "is refused when it is a link, in words that name it",
      inFolder(({ directory, folder }) => {
        const target = Path.join(folder, "target")
        Fs.mkdirSync(target)
        Fs.mkdirSync(directory)
        Fs.symlinkSync(target, Path.join(directory, "effect-llmobs"))
        const linked = SqliteFile.open({ directory })
        finish(linked, [1])
        linked.journal.commit()
        assert.strictEqual(linked.said.length, 1)
        assert.include(linked.said[0], `${directory}/effect-llmobs is a link`)
        assert.strictEqual(linked.journal.kept(), 0)
        linked.journal.close()
        assert.deepStrictEqual(Fs.readdirSync(target), [])
      })
    )

    it(
      "may hold files of others, which are left as they are with one line for each kind",
      inFolder(({ directory }) => {
        leave(directory, upTo(3))
        const inside = Path.join(directory, "effect-llmobs")
        const foreign: { readonly [name: string]: (path: string) => void } = {
          "a-0000000000010001.db": (path) => Fs.writeFileSync(path, "this is no database ".repeat(2_000)),
          "a-0000000000010002.db": (path) => change(path, "CREATE TABLE events (other)", "PRAGMA user_version = 99"),
          "notes.txt": (path) => Fs.writeFileSync(path, "mine"),
          "old.db": (path) => change(path, "CREATE TABLE mine (a)")
        }
        for (const [name, make] of Object.entries(foreign)) make(Path.join(inside, name))
        const [left] = SqliteFile.files(directory).filter((path) => Fs.lstatSync(path).size > 40_000)
        Fs.linkSync(left!, Path.join(directory, "second-name"))
        const before = Object.keys(foreign).map((name) => Fs.readFileSync(Path.join(inside, name)))
        const subject = adopted(directory)
        assert.strictEqual(balanced(subject).redelivered, 0)
        assert.strictEqual(subject.said.filter((line) => line.includes("is no file of a durable outbox")).length, 1)
        finish(subject, [4])
        subject.journal.close()
        const after = Object.keys(foreign).map((name) => Fs.readFileSync(Path.join(inside, name)))
        assert.deepStrictEqual(after, before)
        Fs.rmSync(Path.join(directory, "second-name"))
        const next = adopted(directory)
        void next.start()
        assert.deepStrictEqual(sorted(deliver(next)), upTo(4))
        next.journal.close()
      })
    )

    it("with files of another user has them named, counted and left", (ctx) => {
      if (process.getuid?.() !== 0) return ctx.skip("only root can give a file to another user")
      inFolder(({ directory }) => {
        leave(directory, upTo(3))
        const [path] = SqliteFile.files(directory)
        Fs.chownSync(path!, 1234, 1234)
        const subject = adopted(directory)
        assert.strictEqual(balanced(subject).redelivered, 0)
        assert.include(subject.said.join(), `1 of uid 1234 (${Path.basename(path!)})`)
        subject.journal.close()
        assert.isTrue(Fs.existsSync(path!))
      })()
    })

    it(
      "on a network file system gives only the files that carry this host's name, and says so once",
      inFolder(({ directory }) => {
        leave(directory, upTo(3), { host: "other" })
        leave(directory, [4, 5, 6], { host: "this" })
        const subject = adopted(directory, { host: "this", fileSystem: 0x6969 })
        assert.deepStrictEqual(deliver(subject), [4, 5, 6])
        subject.journal.commit()
        assert.strictEqual(subject.said.filter((line) => line.includes("network or FUSE")).length, 1)
        subject.journal.close()
        const local = adopted(directory, { host: "this" })
        assert.deepStrictEqual(deliver(local), upTo(3))
        assert.deepStrictEqual(local.said, [])
        local.journal.close()
      })
    )

    it(
      "is bounded: the files of all journals together stay below `maxBytes`",
      inFolder(({ directory }) => {
        const fileBytes = 2 * 1024 * 1024
        leave(directory, upTo(300), { characters: 4_000 })
        const subject = SqliteFile.open({ directory, fileBytes, maxBytes: 20_000 })
        finish(subject, upTo(4_000), 3_000)
        subject.journal.commit()
        const sizes = SqliteFile.files(directory).map((path) => Fs.lstatSync(path).size)
        assert.strictEqual(sizes.length, 2)
        assert.isAtMost(sizes[0]! + sizes[1]!, fileBytes)
        assert.isAbove(balanced(subject).dropped.outboxFull, 0)
        subject.journal.close()
      })
    )
  })

  describe("with events of an earlier process and another time of day", () => {
    const hour = SqliteFile.day / 24
    const start: Moment = { unixMillis: 1_000_000_000_000, boot: "first", uptimeMillis: 60_000.5 }
    const later = (wallHours: number, upHours: number, boot: string | undefined = start.boot): Moment => ({
      unixMillis: start.unixMillis + wallHours * hour,
      boot,
      uptimeMillis: (boot === start.boot ? start.uptimeMillis : 0) + upHours * hour
    })
    for (
      const [name, now, ageHours] of [
        ["delivers them when the clock has jumped 25 hours ahead", later(25, 1), 1],
        ["delivers them when the clock was set back by a year", later(-365 * 24, 23), 23],
        ["drops them after 25 hours, though the clock was set back", later(-365 * 24, 25), undefined],
        ["drops them when the machine was restarted and the clock says 25 hours", later(25, 1, "second"), undefined],
        [
          "drops them when the machine has run for 25 hours since, and the clock was set back",
          later(-1, 25, "second"),
          undefined
        ],
        ["delivers them when the machine was restarted within the day", later(2, 1, "second"), 2],
        ["delivers them by the clock when no start of the machine is known", { ...later(2, 0), boot: undefined }, 2]
      ] as const
    ) {
      it(
        name,
        inFolder(({ directory }) => {
          leave(directory, upTo(3), { moment: () => start })
          const next = adopted(directory, { moment: () => now })
          assert.strictEqual(balanced(next).redelivered, 3)
          assert.strictEqual(balanced(next).dropped.expired, ageHours === undefined ? 3 : 0)
          const first = next.outbox.take()
          assert.strictEqual(
            first?.offeredAt,
            ageHours === undefined ? undefined : now.unixMillis - ageHours * hour
          )
          if (first !== undefined) next.outbox.restore(first)
          assert.deepStrictEqual(deliver(next), ageHours === undefined ? [] : upTo(3))
          next.journal.close()
        })
      )
    }

    it(
      "counts the age of each from its own time, in a file that was begun long before",
      inFolder(({ directory }) => {
        let hours = 0
        const writer = SqliteFile.open({ directory, moment: () => later(hours, hours) })
        writer.journal.commit()
        for (const id of upTo(4)) {
          finish(writer, [id])
          writer.journal.commit()
          hours += 10
        }
        writer.journal.close()
        // The events are 31, 21, 11 and 1 hours old, by a clock that is 100 hours ahead.
        const next = adopted(directory, { moment: () => later(131, 31) })
        assert.strictEqual(balanced(next).dropped.expired, 1)
        assert.deepStrictEqual(deliver(next), [2, 3, 4])
        next.journal.close()
      })
    )
  })

  describe("with events of more than a day", () => {
    it("drops and counts them, and delivers the younger ones", () => {
      const { directory, remove } = SqliteFile.folder()
      let time = 1_000_000_000_000
      leave(directory, upTo(1_700), { now: () => time++ })
      const next = adopted(directory, { now: () => time - 200 + SqliteFile.day })
      const books = balanced(next)
      assert.strictEqual(books.redelivered, 1_700)
      assert.strictEqual(books.dropped.expired, 1_500)
      assert.deepStrictEqual(deliver(next), upTo(1_700).slice(1_500))
      next.journal.close()
      remove()
    })
  })
})
