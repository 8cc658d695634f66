/**
 * The events that only the file holds: a few numbers for each segment, whatever the number of events.
 *
 * @since 0.1.0
 */
import { segmentSize } from "./EventFile.ts"

/**
 * The part of a segment that waits: ids above `after`, up to and with `upTo`. Ids above that, below `end`, have not been
 * counted yet.
 *
 * @category models
 * @since 0.1.0
 */
export interface Source {
  readonly segment: number
  readonly end: number
  after: number
  upTo: number
  count: number
  bytes: number
  counted: boolean
}

/**
 * @category models
 * @since 0.1.0
 */
export interface SpillQueue {
  readonly sources: Array<Source>
  count: number
  bytes: number
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const empty = (): SpillQueue => ({ sources: [], count: 0, bytes: 0 })

const sourceOf = (segment: number, counted: boolean): Source => ({
  segment,
  end: (segment + 1) * segmentSize - 1,
  after: segment * segmentSize,
  upTo: segment * segmentSize,
  count: 0,
  bytes: 0,
  counted
})

/**
 * Adds a new segment of our own: what is in it is counted as it is written.
 *
 * @category combinators
 * @since 0.1.0
 */
export const add = (self: SpillQueue, segment: number): void => {
  self.sources.push(sourceOf(segment, true))
}

/**
 * Adds a segment that another process wrote, in front: its events are older. They are counted slice by slice.
 *
 * @category combinators
 * @since 0.1.0
 */
export const adopt = (self: SpillQueue, segment: number): void => {
  const place = self.sources.findIndex((source) => source.segment > segment)
  self.sources.splice(place === -1 ? self.sources.length : place, 0, sourceOf(segment, false))
}

/**
 * Counts an event that was written.
 *
 * @category combinators
 * @since 0.1.0
 */
export const push = (self: SpillQueue, segment: number, id: number, bytes: number): void => {
  const source = self.sources.find((source) => source.segment === segment)
  if (source === undefined) return
  source.upTo = id
  source.count++
  source.bytes += bytes
  self.count++
  self.bytes += bytes
}

/**
 * The segment whose events come next.
 *
 * @category accessors
 * @since 0.1.0
 */
export const first = (self: SpillQueue): Source | undefined => self.sources.find((source) => source.count > 0)

/**
 * A segment with events that are not counted yet.
 *
 * @category accessors
 * @since 0.1.0
 */
export const uncounted = (self: SpillQueue): Source | undefined => self.sources.find((source) => !source.counted)

/**
 * Counts a slice of an adopted segment; `last` says that there is no more.
 *
 * @category combinators
 * @since 0.1.0
 */
export const enter = (
  self: SpillQueue,
  segment: number,
  rows: ReadonlyArray<{ readonly id: number; readonly bytes: number }>,
  last: boolean
): void => {
  for (const row of rows) push(self, segment, row.id, row.bytes)
  const source = self.sources.find((source) => source.segment === segment)
  if (source !== undefined) source.counted = last
}

/**
 * Takes the first events out. When none were found although some were counted, all are taken out: gives how many.
 *
 * @category combinators
 * @since 0.1.0
 */
export const pass = (
  self: SpillQueue,
  segment: number,
  passed: ReadonlyArray<{ readonly id: number; readonly bytes: number }>
): number => {
  const source = self.sources.find((source) => source.segment === segment)
  if (source === undefined) return 0
  const missing = passed.length === 0 ? source.count : 0
  source.after = passed.at(-1)?.id ?? source.upTo
  const count = source.count - passed.length - missing
  const bytes = count === 0 ? 0 : passed.reduce((left, { bytes }) => left - bytes, source.bytes)
  self.count += count - source.count
  self.bytes += bytes - source.bytes
  source.count = count
  source.bytes = bytes
  return missing
}

/**
 * Takes a segment out with all its events, and gives how many there were.
 *
 * @category combinators
 * @since 0.1.0
 */
export const drop = (self: SpillQueue, segment: number): number => {
  const place = self.sources.findIndex((source) => source.segment === segment)
  if (place === -1) return 0
  const [source] = self.sources.splice(place, 1)
  self.count -= source!.count
  self.bytes -= source!.bytes
  return source!.count
}

/**
 * Takes out the segments, except `own`, of which no event waits any more, and gives their numbers.
 *
 * @category combinators
 * @since 0.1.0
 */
export const takeEmpty = (self: SpillQueue, own: number): ReadonlyArray<number> => {
  const done = self.sources.filter((source) => source.counted && source.count === 0 && source.segment !== own)
  for (const source of done) drop(self, source.segment)
  return done.map((source) => source.segment)
}
