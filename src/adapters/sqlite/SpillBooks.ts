/**
 * The events that memory does not hold, by account: where each of them is, and how many they are.
 *
 * **Details**
 *
 * A spilled event waits in the queue to be written, is on its way to the thread of the files, is in the file, or was read
 * ahead. In the file it is one of a range of ids, so that a few numbers stand for any number of events.
 *
 * @since 0.1.0
 */
import { segmentSize } from "./EventId.ts"
import type { Row } from "./WriteQueue.ts"

/**
 * The part of a segment that waits: ids above `after`, up to and with `upTo`. Ids above that are counted later, where
 * another process wrote them.
 *
 * @category models
 * @since 0.1.0
 */
export interface Source {
  readonly segment: number
  after: number
  upTo: number
  count: number
  bytes: number
  counted: boolean
  counting: boolean
}

/**
 * The spilled events of one account. `count` and `bytes` are of all of them, wherever they are; bytes of those that are
 * not in the file yet are estimated ones.
 *
 * @category models
 * @since 0.1.0
 */
export interface Account {
  readonly route: string
  sources: Array<Source>
  readonly queued: Set<Row>
  ahead: Array<Row>
  posted: number
  count: number
  bytes: number
  /** How many bytes more are to be read ahead. */
  wanted: number
  /** Something is being read from the file. */
  busy: boolean
  /** Somebody asked, and nothing was there yet. */
  hungry: boolean
}

/**
 * `unwritten` are the estimated bytes that are not in the file yet, `ahead` the bytes that were read ahead, `inFile` the
 * events that are in the file, read ahead or not.
 *
 * @category models
 * @since 0.1.0
 */
export interface SpillBooks {
  readonly accounts: Map<string, Account>
  count: number
  unwritten: number
  ahead: number
  inFile: number
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const empty = (): SpillBooks => ({ accounts: new Map(), count: 0, unwritten: 0, ahead: 0, inFile: 0 })

/**
 * @category accessors
 * @since 0.1.0
 */
export const accountOf = (self: SpillBooks, route: string): Account => {
  let account = self.accounts.get(route)
  if (account === undefined) {
    account = {
      route,
      sources: [],
      queued: new Set(),
      ahead: [],
      posted: 0,
      wanted: 0,
      count: 0,
      bytes: 0,
      busy: false,
      hungry: false
    }
    self.accounts.set(route, account)
  }
  return account
}

const change = (self: SpillBooks, account: Account, count: number, bytes: number): void => {
  self.count += count
  account.count += count
  account.bytes += bytes
}

/**
 * An event was taken, and waits in the queue.
 *
 * @category combinators
 * @since 0.1.0
 */
export const add = (self: SpillBooks, row: Row): void => {
  const account = accountOf(self, row.route)
  account.queued.add(row)
  self.unwritten += row.record.bytes
  change(self, account, 1, row.record.bytes)
}

/**
 * An event in the queue is memory's now.
 *
 * @category combinators
 * @since 0.1.0
 */
export const unqueue = (self: SpillBooks, row: Row): void => {
  const account = accountOf(self, row.route)
  if (!account.queued.delete(row)) return
  self.unwritten -= row.record.bytes
  change(self, account, -1, -row.record.bytes)
}

/**
 * An event is on its way.
 *
 * @category combinators
 * @since 0.1.0
 */
export const post = (self: SpillBooks, row: Row): void => {
  const account = accountOf(self, row.route)
  account.queued.delete(row)
  account.posted++
}

/**
 * An event on its way could not be written, and is in the queue again.
 *
 * @category combinators
 * @since 0.1.0
 */
export const giveBack = (self: SpillBooks, row: Row): void => {
  const account = accountOf(self, row.route)
  account.posted--
  account.queued.add(row)
}

/**
 * An event on its way is in the file: `bytes` is the length of its text there.
 *
 * @category combinators
 * @since 0.1.0
 */
export const commit = (self: SpillBooks, row: Row, segment: number, id: number, bytes: number): void => {
  const account = accountOf(self, row.route)
  account.posted--
  self.unwritten -= row.record.bytes
  let source = account.sources.find((source) => source.segment === segment)
  if (source === undefined) {
    source = { segment, after: id - 1, upTo: id, count: 0, bytes: 0, counted: true, counting: false }
    account.sources.push(source)
  }
  source.upTo = id
  source.count++
  source.bytes += bytes
  self.inFile++
  change(self, account, 0, bytes - row.record.bytes)
}

/**
 * Adds a segment that another process wrote, in the order of their making. It is counted slice by slice.
 *
 * @category combinators
 * @since 0.1.0
 */
export const adopt = ({ sources }: Account, segment: number): Source => {
  const first = segment * segmentSize
  const source = { segment, after: first, upTo: first, count: 0, bytes: 0, counted: false, counting: false }
  const place = sources.findIndex((source) => source.segment > segment)
  sources.splice(place === -1 ? sources.length : place, 0, source)
  return source
}

/**
 * Counts a slice of an adopted segment.
 *
 * @category combinators
 * @since 0.1.0
 */
export const enter = (
  self: SpillBooks,
  account: Account,
  source: Source,
  slice: { readonly count: number; readonly bytes: number; readonly upTo: number; readonly end: boolean }
): void => {
  if (!account.sources.includes(source)) return
  source.upTo = slice.upTo
  source.counted = slice.end
  source.count += slice.count
  source.bytes += slice.bytes
  self.inFile += slice.count
  change(self, account, slice.count, slice.bytes)
}

/**
 * The segment whose events come next.
 *
 * @category accessors
 * @since 0.1.0
 */
export const first = (account: Account): Source | undefined => account.sources.find((source) => source.count > 0)

/**
 * Takes the first events of a segment out of the books.
 *
 * @category combinators
 * @since 0.1.0
 */
export const pass = (
  self: SpillBooks,
  account: Account,
  source: Source,
  passed: { readonly count: number; readonly bytes: number; readonly after: number }
): void => {
  if (!account.sources.includes(source)) return
  const bytes = source.count === passed.count ? source.bytes : passed.bytes
  source.after = passed.after
  source.count -= passed.count
  source.bytes -= bytes
  self.inFile -= passed.count
  change(self, account, -passed.count, -bytes)
}

/**
 * Events that were passed are read ahead: spilled still, and in the file.
 *
 * @category combinators
 * @since 0.1.0
 */
export const readAhead = (self: SpillBooks, account: Account, rows: ReadonlyArray<Row>): void => {
  for (const row of rows) {
    account.ahead.push(row)
    self.ahead += row.bytes
    self.inFile++
    change(self, account, 1, row.bytes)
  }
}

/**
 * Hands over what was read ahead. It is memory's now.
 *
 * @category combinators
 * @since 0.1.0
 */
export const takeAhead = (self: SpillBooks, account: Account): ReadonlyArray<Row> => {
  const rows = account.ahead
  account.ahead = []
  const bytes = rows.reduce((sum, row) => sum + row.bytes, 0)
  self.ahead -= bytes
  self.inFile -= rows.length
  change(self, account, -rows.length, -bytes)
  return rows
}

/**
 * Takes out all that is in segments for which `isGone` holds, and gives how many events that were.
 *
 * @category combinators
 * @since 0.1.0
 */
export const drop = (
  self: SpillBooks,
  isGone: (segment: number) => boolean,
  segmentOf: (row: Row) => number
): number => {
  let lost = 0
  for (const account of self.accounts.values()) {
    for (const source of account.sources.filter(({ segment }) => isGone(segment))) {
      lost += source.count
      pass(self, account, source, { ...source })
    }
    account.sources = account.sources.filter(({ segment }) => !isGone(segment))
    const kept: Array<Row> = []
    for (const row of account.ahead) {
      if (!isGone(segmentOf(row))) {
        kept.push(row)
        continue
      }
      lost++
      self.ahead -= row.bytes
      self.inFile--
      change(self, account, -1, -row.bytes)
    }
    account.ahead = kept
  }
  return lost
}
