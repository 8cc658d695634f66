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
import type { EventFile } from "./EventFile.ts"
import * as EventFiles from "./EventFile.ts"
import * as EventId from "./EventId.ts"
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
  /** A fresh segment of ours for events of an account. */
  readonly create: (file: EventFile, route: string) => number
  /** Says that we live. */
  readonly beat: (file: EventFile) => void
  /** Takes every segment whose holder is gone, and gives them in the order in which they were made. */
  readonly adopt: (file: EventFile, now: number) => ReadonlyArray<Segment>
  /** Every segment of ours. */
  readonly ours: (file: EventFile) => ReadonlyArray<Segment>
  readonly isOurs: (file: EventFile, segment: number) => boolean
  /** Gives all of ours up, and takes out those without events. */
  readonly release: (file: EventFile) => void
  /** Takes a segment out of the file if it holds no event. */
  readonly discard: (file: EventFile, segment: number) => void
}

/**
 * A segment, and the account that its events go to.
 *
 * @category models
 * @since 0.1.0
 */
export interface Segment {
  readonly segment: number
  readonly route: string
}

interface Row extends ProcessToken.ProcessToken {
  readonly id: number
  readonly route: string
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
    EventFiles.peek(file, segment * EventId.segmentSize, EventId.lastOf(segment), 1).length === 0

  const discard = (file: EventFile, segment: number): void => {
    if (isEmpty(file, segment)) file.database.prepare("DELETE FROM segments WHERE id = ?").run(segment)
  }

  const ours = (file: EventFile): ReadonlyArray<Segment> =>
    file.database.prepare("SELECT id, route FROM segments WHERE holder = ? ORDER BY id").all(holder)
      .map((row) => ({ segment: Number(row["id"]), route: String(row["route"]) }))

  return {
    create: (file, route) => {
      const { lastInsertRowid } = file.database.prepare(
        "INSERT INTO segments (route, holder, boot, namespace, pid, started, beat) VALUES (?, ?, ?, ?, ?, ?, 0)"
      ).run(route, holder, self.boot, self.namespace, self.pid, self.started)
      const segment = Number(lastInsertRowid)
      if (segment > EventId.maxSegment) throw new Error("the file has used up its numbers")
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
        }).map((row) => ({ segment: row.id, route: row.route })))
    },
    ours,
    isOurs: (file, segment) => file.holder.get(segment)?.["holder"] === holder,
    release: (file) =>
      EventFiles.transaction(file, () => {
        for (const { segment } of ours(file)) discard(file, segment)
        file.database.prepare("UPDATE segments SET holder = '' WHERE holder = ?").run(holder)
      }),
    discard
  }
}
