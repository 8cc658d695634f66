/**
 * Reads spilled events ahead and lets old ones expire, by asking the thread of the files.
 */
import type { Moment } from "../../domain/delivery/EventAge.ts"
import type { Listener } from "../../ports/Journal.ts"
import * as SpillBooks from "./SpillBooks.ts"
import type { Account } from "./SpillBooks.ts"
import type { ThreadLine } from "./ThreadLine.ts"
import type { Entry, Outcome } from "./WorkerProtocol.ts"
import type { Row } from "./WriteQueue.ts"

// One request reads at most so much.
const loadBytes = 512 * 1024

/** Reads for the accounts of one journal. */
export interface SpillReader {
  /** Reads the next events of an account, a part at a time, until no more are wanted. */
  readonly read: (account: Account) => void
  /** Takes out events that are too old. */
  readonly expire: (account: Account) => void
  /** Tells that an account has events that can be loaded. */
  readonly ready: (account: Account) => void
}

export const make = (options: {
  readonly books: SpillBooks.SpillBooks
  readonly line: Pick<ThreadLine, "isOpen" | "ask">
  readonly listener: () => Listener
  readonly maxAgeMillis: number
  readonly now: () => Moment
  readonly rowOf: (account: Account, file: number, entry: Entry) => Row
  readonly onTrouble: (outcome: Outcome<unknown>) => void
  /** Events could not be read. */
  readonly onUnreadable: (events: number) => void
  /** Something could not be read, and may be later. */
  readonly onLater: (account: Account) => void
  /** A stream of an ended process has been read to its end. */
  readonly onEmptied: () => void
}): SpillReader => {
  const { books, line, listener } = options

  const ready = (account: Account): void => {
    account.hungry = false
    listener().onReady(account.account)
  }

  const fail = (account: Account, outcome: Outcome<unknown>): void => {
    options.onTrouble(outcome)
    options.onLater(account)
  }

  const read = (account: Account): void => {
    const source = SpillBooks.first(account)
    if (account.busy || account.wanted <= 0 || source === undefined) return
    if (!line.isOpen()) return options.onLater(account)
    account.busy = true
    // Events that are written meanwhile have ids above `upTo`.
    const expected = { ...source }
    const { after, file, upTo } = source
    const bytes = Math.min(account.wanted, loadBytes)
    line.ask("load", { file, after, upTo, bytes, now: options.now() }, (outcome) => {
      account.busy = false
      if ("trouble" in outcome) return fail(account, outcome)
      // The file was lost meanwhile, and the books have been told.
      if (account.sources.includes(source)) {
        const found = outcome.value
        account.wanted -= found.bytes
        SpillBooks.pass(books, account, source, found.end ? { ...expected, after: upTo } : found)
        SpillBooks.readAhead(books, account, found.entries.map((entry) => options.rowOf(account, file, entry)))
        // Events that were counted and are not there any more cannot be delivered from here, whatever became of them.
        const missing = found.end ? expected.count - found.count : 0
        if (found.unreadable + missing > 0) options.onUnreadable(found.unreadable + missing)
        if (source.adopted && source.count === 0) options.onEmptied()
      }
      // Unreadable events are no reason to stop.
      if (account.ahead.length === 0) account.wanted = Math.max(account.wanted, bytes)
      read(account)
      if (account.hungry && (account.ahead.length > 0 || !account.busy)) ready(account)
    })
  }

  const expire = (account: Account): void => {
    const source = SpillBooks.first(account)
    if (account.busy || source === undefined || !line.isOpen()) return
    account.busy = true
    const { after, file, upTo } = source
    line.ask("expire", { file, after, upTo, now: options.now(), maxAgeMillis: options.maxAgeMillis }, (outcome) => {
      account.busy = false
      if ("trouble" in outcome) return fail(account, outcome)
      const { value } = outcome
      SpillBooks.pass(books, account, source, value)
      if (value.count > 0) listener().onExpired(value.count)
      if (source.adopted && source.count === 0) options.onEmptied()
      if (value.more || (value.count > 0 && source.count === 0)) return expire(account)
      // Events may have been asked for meanwhile.
      read(account)
      if (account.hungry && !account.busy) ready(account)
    })
  }

  return { read, expire, ready }
}
