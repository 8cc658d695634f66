/**
 * The queue to the file: copies of events that memory holds, events that leave memory, and ids that are to be taken out.
 */
import type { SetAside } from "../../domain/delivery/SetAside.ts"
import type { SpanRecord } from "../../domain/span/SpanRecord.ts"
import type { PendingRecord } from "../../ports/LateRetention.ts"

/**
 * An event of a journal. `copy` is what is written of it, and is `key` itself for an event that memory does not hold; `file` and `id` are 0 until it is committed; `at` is Unix time
 * in milliseconds. `place` is a number that grows from event to event.
 */
export interface Row {
  readonly key: PendingRecord
  readonly copy: SpanRecord
  readonly account: string
  readonly at: number
  readonly place: number
  readonly bytes: number
  spilled: boolean
  file: number
  id: number
  state: "waiting" | "posted" | "written" | "settled"
}

/**
 * `removals` are ids by the number of their file. Bytes are estimated ones. `since` is the monotonic time from which the oldest has waited, in milliseconds.
 */
export interface WriteQueue {
  rows: Set<Row>
  removals: Map<number, Array<number>>
  asides: Array<SetAside>
  bytes: number
  since: number
}

/** A queue without an event. */
export const empty = (): WriteQueue => ({ rows: new Set(), removals: new Map(), asides: [], bytes: 0, since: 0 })

/** How many events that were set aside wait at most: more are not kept in the file either. */
export const maxAsides = 1_000

/** How many things wait. */
export const size = (self: WriteQueue): number => self.rows.size + self.removals.size + self.asides.length

/** Adds a row at the end. */
export const add = (self: WriteQueue, row: Row, now: number): void => {
  if (self.rows.size === 0) self.since = now
  row.state = "waiting"
  self.rows.add(row)
  self.bytes += row.copy.bytes
}

/** An event that was committed is to be taken out of its file. */
export const takeOut = ({ removals }: WriteQueue, file: number, id: number): void => {
  const ids = removals.get(file)
  if (ids === undefined) removals.set(file, [id])
  else ids.push(id)
}

/** Takes a row out; one that is not there changes nothing. */
export const remove = (self: WriteQueue, row: Row): void => {
  if (self.rows.delete(row)) self.bytes -= row.copy.bytes
}

/** The first rows: up to `bytes` of them, and at least one. */
export const first = (rows: Iterable<Row>, bytes: number): ReadonlyArray<Row> => {
  const found: Array<Row> = []
  let room = bytes
  for (const row of rows) {
    room -= row.copy.bytes
    if (found.length > 0 && room < 0) break
    found.push(row)
  }
  return found
}

/** Takes out the first rows, to be posted. */
export const take = (self: WriteQueue, bytes: number): ReadonlyArray<Row> => {
  const taken = first(self.rows, bytes)
  for (const row of taken) {
    remove(self, row)
    row.state = "posted"
  }
  return taken
}

/** Puts rows that were posted, and not written, back to where they were. */
export const giveBack = (self: WriteQueue, rows: ReadonlyArray<Row>, now: number): void => {
  if (rows.length === 0) return
  for (const row of rows) add(self, row, now)
  self.rows = new Set([...self.rows].sort((one, other) => one.place - other.place))
}
