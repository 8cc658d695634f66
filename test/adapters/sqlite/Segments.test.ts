import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import * as EventFile from "../../../src/adapters/sqlite/EventFile.ts"
import * as EventId from "../../../src/adapters/sqlite/EventId.ts"
import * as ProcessToken from "../../../src/adapters/sqlite/ProcessToken.ts"
import * as Segments from "../../../src/adapters/sqlite/Segments.ts"
import { record } from "../../laws/OutboxLaws.ts"
import * as SqliteFile from "./SqliteFile.ts"

const self = ProcessToken.current()

const minute = 60_000

/** A file in which `other` holds one segment with one event, seen by another journal of this process. */
const withOther = (
  other: ProcessToken.ProcessToken,
  test: (options: {
    readonly file: EventFile.EventFile
    readonly theirs: Segments.Segments
    readonly ours: Segments.Segments
    readonly segment: number
  }) => void
) => {
  const { path, remove } = SqliteFile.folder()
  const file = EventFile.open({ path, durability: "process", maxBytes: 1024 * 1024 })
  const theirs = Segments.make("theirs", other)
  const segment = theirs.create(file, "")
  EventFile.write(file, segment * EventId.segmentSize + 1, 0, record(1))
  test({ file, theirs, ours: Segments.make("ours", self), segment })
  file.database.close()
  remove()
}

describe("the segments of a file", () => {
  it("of a process that has ended are free at once", () => {
    const ended = spawnSync(process.execPath, ["--version"])
    for (
      const gone of [
        { ...self, pid: ended.pid },
        { ...self, boot: "an earlier one" },
        { ...self, started: "before this process, which was given its id again" }
      ]
    ) {
      withOther(gone, ({ file, ours, segment, theirs }) => {
        assert.deepStrictEqual(ours.adopt(file, 0), [{ segment, route: "" }])
        assert.isTrue(ours.isOurs(file, segment))
        assert.isFalse(theirs.isOurs(file, segment))
        assert.deepStrictEqual(ours.adopt(file, 0), [])
      })
    }
  })

  it("of a process in another container are free when its beat has stood still for a minute", () => {
    withOther({ ...self, namespace: "another" }, ({ file, ours, segment, theirs }) => {
      assert.deepStrictEqual(ours.adopt(file, 0), [])
      assert.deepStrictEqual(ours.adopt(file, minute - 1), [])
      theirs.beat(file)
      assert.deepStrictEqual(ours.adopt(file, minute), [])
      assert.deepStrictEqual(ours.adopt(file, 2 * minute - 1), [])
      assert.deepStrictEqual(ours.adopt(file, 2 * minute), [{ segment, route: "" }])
    })
  })

  it("of a process that runs are free only after ten minutes without a beat", () => {
    withOther(self, ({ file, ours, segment }) => {
      assert.deepStrictEqual(ours.adopt(file, 0), [])
      assert.deepStrictEqual(ours.adopt(file, 10 * minute - 1), [])
      assert.deepStrictEqual(ours.adopt(file, 10 * minute), [{ segment, route: "" }])
    })
  })

  it("that were given up are free, and those without events are taken out", () => {
    withOther(self, ({ file, ours, segment, theirs }) => {
      const empty = theirs.create(file, "")
      theirs.release(file)
      assert.deepStrictEqual(ours.adopt(file, 0), [{ segment, route: "" }])
      const left = file.database.prepare("SELECT id FROM segments").all().map((row) => row["id"])
      assert.notInclude(left, empty)
    })
  })

  it("never have a number twice, so that a late removal cannot meet somebody else's event", () => {
    withOther(self, ({ file, ours, segment, theirs }) => {
      file.remove.run(segment * EventId.segmentSize + 1)
      theirs.release(file)
      assert.isAbove(ours.create(file, ""), segment)
    })
  })
})
