import { assert, describe, it } from "@effect/vitest"
import { DatabaseSync } from "node:sqlite"
import * as Zlib from "node:zlib"
import * as RecordCodec from "../../../src/domain/event/RecordCodec.ts"
import { drain, record } from "../../laws/OutboxLaws.ts"
import * as SqliteFile from "./SqliteFile.ts"

/** The form that the first releases wrote. */
const firstForm = `
  PRAGMA journal_mode = WAL;
  CREATE TABLE segments (
    id INTEGER PRIMARY KEY AUTOINCREMENT, holder TEXT NOT NULL, boot TEXT NOT NULL, namespace TEXT NOT NULL,
    pid INTEGER NOT NULL, started TEXT NOT NULL, beat INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE events (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, crc INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
  CREATE TABLE set_aside (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, crc INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
  INSERT INTO segments VALUES (3, '', 'boot', '', 1, '', 0);
  INSERT INTO set_aside VALUES (5, 6, 7, 'as it was');
  PRAGMA user_version = 1;
`

describe("a file of the first form", () => {
  it("is brought to the present one, with the events in it and those that were set aside", async () => {
    const { path, remove } = SqliteFile.folder()
    const database = new DatabaseSync(path)
    database.exec(firstForm)
    const text = RecordCodec.encode(record(1))
    database.prepare("INSERT INTO events VALUES (?, ?, ?, ?)").run(3 * 2 ** 30 + 1, Date.now(), Zlib.crc32(text), text)
    database.close()

    const subject = SqliteFile.open({ path })
    void subject.start()
    subject.journal.commit()
    subject.store.setAside(record(2), { reason: "refused", status: 413, at: 8, event: "{}" })
    assert.deepStrictEqual(drain(subject), [1])
    assert.deepStrictEqual(await subject.store.readSetAside(), [
      { reason: "unreadable", status: undefined, at: 6, event: "as it was" },
      { reason: "refused", status: 413, at: 8, event: "{}" }
    ])
    assert.deepStrictEqual(SqliteFile.query(path, "PRAGMA user_version"), [{ user_version: 2 }])
    subject.journal.close()
    remove()
  })
})
