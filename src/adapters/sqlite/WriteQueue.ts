/**
 * The events that wait to be written, with their sizes: copies of what memory holds, and events that leave memory.
 *
 * @since 0.1.0
 */
import type { SpanRecord } from "../../domain/SpanRecord.ts"

/**
 * An event of a journal. `text` is what is written of it, `id` is 0 until it is committed; `at` is Unix time in milliseconds.
 *
 * @category models
 * @since 0.1.0
 */
export interface Row {
  readonly record: SpanRecord
  readonly text: SpanRecord
  readonly at: number
  readonly spilled: boolean
  id: number
}

/**
 * Bytes are estimated ones. `since` is the monotonic time from which the oldest has waited, in milliseconds.
 *
 * @category models
 * @since 0.1.0
 */
export interface WriteQueue {
  readonly rows: Set<Row>
  bytes: number
  spills: number
  spillBytes: number
  since: number
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const empty = (): WriteQueue => ({ rows: new Set(), bytes: 0, spills: 0, spillBytes: 0, since: 0 })

/**
 * @category combinators
 * @since 0.1.0
 */
export const add = (self: WriteQueue, row: Row, now: number): void => {
  if (self.rows.size === 0) self.since = now
  self.rows.add(row)
  self.bytes += row.record.bytes
  if (!row.spilled) return
  self.spills++
  self.spillBytes += row.record.bytes
}

/**
 * Takes a row out; one that is not there changes nothing.
 *
 * @category combinators
 * @since 0.1.0
 */
export const remove = (self: WriteQueue, row: Row): void => {
  if (!self.rows.delete(row)) return
  self.bytes -= row.record.bytes
  if (!row.spilled) return
  self.spills--
  self.spillBytes -= row.record.bytes
}
