/**
 * Who holds which events of a file.
 *
 * **Details**
 *
 * A holder is one journal of one process. Its segments are free as soon as it gives them up, or its process is seen to
 * have ended. Where a process cannot be seen (it is in another container) or is not all that can end (a worker thread),
 * its beat tells: a number that a living holder raises every 10 seconds. A beat that stands still for a minute, or for
 * ten where the process itself is seen to run, means that nobody is there. Only our own monotonic time is measured, so a
 * clock that jumps, or a machine that slept, frees nothing.
 *
 * @since 0.1.0
 */
import { segmentSize } from "./EventFile.ts"
import type { EventFile } from "./EventFile.ts"
import * as EventFiles from "./EventFile.ts"
import * as ProcessToken from "./ProcessToken.ts"

/** How long the beat of a holder may stand still, by what is seen of its process. */
const patience: { readonly [K in ProcessToken.Liveness]: number } = {
  gone: 0,
  unknown: 60_000,
  running: 600_000
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Segments {
  /** A fresh segment of ours. */
  readonly create: (file: EventFile) => number
  /** Says that we live. */
  readonly beat: (file: EventFile) => void
  /** Takes every segment whose holder is gone, and gives them in the order in which they were made. */
  readonly adopt: (file: EventFile, now: number) => ReadonlyArray<number>
  readonly isOurs: (file: EventFile, segment: number) => boolean
  /** Gives all of ours up, and takes out those without events. */
  readonly release: (file: EventFile) => void
  /** Takes a segment out of the file if it holds no event. */
  readonly discard: (file: EventFile, segment: number) => void
}

interface Row extends ProcessToken.ProcessToken {
  readonly id: number
  readonly holder: string
  readonly beat: number
}

/**
 * `holder` names this journal, uniquely. `now` is monotonic milliseconds.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (holder: string, self: ProcessToken.ProcessToken): Segments => {
  const watched = new Map<string, { readonly beat: number; readonly since: number }>()

  const isGone = (row: Row, now: number): boolean => {
    if (row.holder === "") return true
    const seen = watched.get(row.holder)
    if (seen === undefined || seen.beat !== row.beat) watched.set(row.holder, { beat: row.beat, since: now })
    const still = seen === undefined || seen.beat !== row.beat ? 0 : now - seen.since
    return still >= patience[ProcessToken.liveness(row, self)]
  }

  const isEmpty = (file: EventFile, segment: number): boolean =>
    EventFiles.peek(file, segment * segmentSize, (segment + 1) * segmentSize - 1, 1).length === 0

  const discard = (file: EventFile, segment: number): void => {
    if (isEmpty(file, segment)) file.database.prepare("DELETE FROM segments WHERE id = ?").run(segment)
  }

  const ours = (file: EventFile): ReadonlyArray<number> =>
    file.database.prepare("SELECT id FROM segments WHERE holder = ?").all(holder).map((row) => Number(row["id"]))

  return {
    create: (file) => {
      const { lastInsertRowid } = file.database.prepare(
        "INSERT INTO segments (holder, boot, namespace, pid, started, beat) VALUES (?, ?, ?, ?, ?, 0)"
      ).run(holder, self.boot, self.namespace, self.pid, self.started)
      const segment = Number(lastInsertRowid)
      if (segment > EventFiles.maxSegment) throw new Error("the file has used up its numbers")
      return segment
    },
    beat: (file) => {
      file.database.prepare("UPDATE segments SET beat = beat + 1 WHERE holder = ?").run(holder)
    },
    adopt: (file, now) => {
      const rows = file.database.prepare("SELECT * FROM segments WHERE holder <> ? ORDER BY id").all(holder)
      const gone = (rows as unknown as ReadonlyArray<Row>).filter((row) => isGone(row, now))
      const present = new Set(rows.map((row) => row["holder"]))
      for (const name of watched.keys()) {
        if (!present.has(name)) watched.delete(name)
      }
      if (gone.length === 0) return []
      const take = file.database.prepare(
        "UPDATE segments SET holder = ?, boot = ?, namespace = ?, pid = ?, started = ? WHERE id = ? AND holder = ? AND beat = ?"
      )
      return EventFiles.transaction(file, () =>
        gone.filter((row) => {
          if (isEmpty(file, row.id)) {
            file.database.prepare("DELETE FROM segments WHERE id = ? AND holder = ?").run(row.id, row.holder)
            return false
          }
          const taken = take.run(
            holder,
            self.boot,
            self.namespace,
            self.pid,
            self.started,
            row.id,
            row.holder,
            row.beat
          )
          return Number(taken.changes) === 1
        }).map((row) => row.id))
    },
    isOurs: (file, segment) => file.holder.get(segment)?.["holder"] === holder,
    release: (file) =>
      EventFiles.transaction(file, () => {
        for (const segment of ours(file)) discard(file, segment)
        file.database.prepare("UPDATE segments SET holder = '' WHERE holder = ?").run(holder)
      }),
    discard
  }
}
