/**
 * The events that memory does not hold, by account: where each of them is, and how many they are.
 *
 * **Details**
 *
 * A spilled event waits in the queue to be written, is on its way to the thread of the files, is in a file, or was read
 * ahead. In a file it is one of a range of ids, so that a few numbers stand for any number of events.
 */
import type { Stream } from "./OutboxFile.ts"
import { lastOf, streamOf, streamSize } from "./OutboxFile.ts"
import type { Row } from "./WriteQueue.ts"

/**
 * The part of a stream that waits: ids above `after`, up to and with `upTo`. The bytes of a stream that was taken over
 * are a guess.
 */
export interface Source {
  readonly file: number
  readonly stream: number
  readonly adopted: boolean
  after: number
  upTo: number
  count: number
  bytes: number
}

/**
 * The spilled events of one account. `count` and `bytes` are of all of them, wherever they are; bytes of those that are
 * not in a file yet are estimated ones.
 */
export interface Account {
  readonly account: string
  sources: Array<Source>
  readonly queued: Set<Row>
  ahead: Array<Row>
  posted: number
  count: number
  bytes: number
  /** How many bytes more are to be read ahead. */
  wanted: number
  /** Something is being read from a file. */
  busy: boolean
  /** Its events were asked for, and none was there yet. */
  hungry: boolean
  /** This process has a road to it. Events of an account that this process has not named wait until it does. */
  named: boolean
}

/** `unwritten` are the estimated bytes that are not in a file yet, `ahead` the bytes that were read ahead. */
export interface SpillBooks {
  readonly accounts: Map<string, Account>
  count: number
  unwritten: number
  ahead: number
}

/** Books without an event. */
export const empty = (): SpillBooks => ({ accounts: new Map(), count: 0, unwritten: 0, ahead: 0 })

/** The books of an account, made when it is first named. */
export const accountOf = (self: SpillBooks, name: string): Account => {
  let account = self.accounts.get(name)
  if (account === undefined) {
    account = {
      account: name,
      sources: [],
      queued: new Set(),
      ahead: [],
      posted: 0,
      wanted: 0,
      count: 0,
      bytes: 0,
      busy: false,
      hungry: false,
      named: false
    }
    self.accounts.set(name, account)
  }
  return account
}

const change = (self: SpillBooks, account: Account, count: number, bytes: number): void => {
  self.count += count
  account.count += count
  account.bytes += bytes
}

/** An event was taken, and waits in the queue. */
export const add = (self: SpillBooks, row: Row): void => {
  const account = accountOf(self, row.account)
  account.queued.add(row)
  self.unwritten += row.copy.bytes
  change(self, account, 1, row.copy.bytes)
}

/** An event in the queue is memory's now. */
export const unqueue = (self: SpillBooks, row: Row): void => {
  const account = accountOf(self, row.account)
  if (!account.queued.delete(row)) return
  self.unwritten -= row.copy.bytes
  change(self, account, -1, -row.copy.bytes)
}

/** An event is on its way. */
export const post = (self: SpillBooks, row: Row): void => {
  const account = accountOf(self, row.account)
  account.queued.delete(row)
  account.posted++
}

/** An event on its way could not be written, and is in the queue again. */
export const giveBack = (self: SpillBooks, row: Row): void => {
  const account = accountOf(self, row.account)
  account.posted--
  account.queued.add(row)
}

/** An event on its way is in a file: `bytes` is the length of its text there. */
export const commit = (self: SpillBooks, row: Row, file: number, id: number, bytes: number): void => {
  const account = accountOf(self, row.account)
  account.posted--
  self.unwritten -= row.copy.bytes
  const stream = streamOf(id)
  let source = account.sources.find((source) => source.stream === stream && source.file === file)
  if (source === undefined) {
    source = { file, stream, adopted: false, after: id - 1, upTo: id, count: 0, bytes: 0 }
    account.sources.push(source)
  }
  source.upTo = id
  source.count++
  source.bytes += bytes
  change(self, account, 0, bytes - row.copy.bytes)
}

/** Adds a stream that another process wrote, before those of this one. */
export const adopt = (self: SpillBooks, file: number, { account: name, bytes, events, stream }: Stream): Account => {
  const account = accountOf(self, name)
  const { sources } = account
  const place = sources.findIndex(({ adopted }) => !adopted)
  const [after, upTo] = [stream * streamSize, lastOf(stream)]
  sources.splice(place === -1 ? sources.length : place, 0, {
    file,
    stream,
    adopted: true,
    after,
    upTo,
    count: events,
    bytes
  })
  change(self, account, events, bytes)
  return account
}

/** The stream whose events come next. */
export const first = (account: Account): Source | undefined => account.sources[0]

/** Whether events of a file that was taken over are still to be read, and can be. */
export const isAdopting = (self: SpillBooks): boolean => {
  for (const { named, sources } of self.accounts.values()) {
    if (named && sources.some(({ adopted }) => adopted)) return true
  }
  return false
}

/** Takes the first events of a stream out of the books. */
export const pass = (
  self: SpillBooks,
  account: Account,
  source: Source,
  passed: { readonly count: number; readonly bytes: number; readonly after: number }
): void => {
  if (!account.sources.includes(source)) return
  // At least a byte for each event that is left: there is something to wait for.
  const left = source.count - passed.count
  const bytes = left === 0 ? source.bytes : Math.min(passed.bytes, source.bytes - left)
  source.after = passed.after
  source.count = left
  source.bytes -= bytes
  change(self, account, -passed.count, -bytes)
  if (left === 0) account.sources = account.sources.filter((other) => other !== source)
}

/** Events that were passed are read ahead: spilled still, and in their file. */
export const readAhead = (self: SpillBooks, account: Account, rows: ReadonlyArray<Row>): void => {
  for (const row of rows) {
    account.ahead.push(row)
    self.ahead += row.bytes
    change(self, account, 1, row.bytes)
  }
}

/** Hands over what was read ahead. It is memory's now. */
export const takeAhead = (self: SpillBooks, account: Account): ReadonlyArray<Row> => {
  const rows = account.ahead
  account.ahead = []
  const bytes = rows.reduce((sum, row) => sum + row.bytes, 0)
  self.ahead -= bytes
  change(self, account, -rows.length, -bytes)
  return rows
}

/** Takes out all that only a file holds, and gives how many events that were. */
export const drop = (self: SpillBooks, file: number): number => {
  let lost = 0
  for (const account of self.accounts.values()) {
    for (const source of account.sources.filter((source) => source.file === file)) {
      lost += source.count
      pass(self, account, source, { ...source })
    }
  }
  return lost
}

/** Spilled events that are in these files. */
export const kept = (self: SpillBooks, files: ReadonlySet<number>): number => {
  let events = 0
  for (const { ahead, sources } of self.accounts.values()) {
    for (const row of ahead) if (files.has(row.file)) events++
    for (const { count, file } of sources) if (files.has(file)) events += count
  }
  return events
}
