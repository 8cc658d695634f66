/**
 * Reads spilled events ahead, counts what was adopted, and lets what is too old expire: all by asking the thread of the
 * files.
 *
 * @since 0.1.0
 */
import type { DiagnosticsService } from "../../ports/Diagnostics.ts"
import type { Listener } from "../../ports/Journal.ts"
import type { Exchange } from "./Exchange.ts"
import { limits, sentences } from "./JournalLimits.ts"
import * as SpillBooks from "./SpillBooks.ts"
import type { Account, Source } from "./SpillBooks.ts"
import type { Entry, Trouble } from "./WorkerProtocol.ts"
import type { Row } from "./WriteQueue.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface SpillReader {
  /** Reads what comes next for an account, a part at a time, until nothing is wanted any more. */
  readonly read: (account: Account) => void
  /** Enters an adopted segment into the books, unless that is done or being done. */
  readonly count: (account: Account, source: Source) => void
  /** Takes out what is too old. */
  readonly expire: (account: Account) => void
  /** Tells somebody who asked for an account's events that there are some. */
  readonly ready: (account: Account) => void
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: {
  readonly books: SpillBooks.SpillBooks
  readonly line: () => Exchange | undefined
  readonly listener: () => Listener
  readonly diagnostics: DiagnosticsService
  /** The time in Unix milliseconds before which an event is too old. */
  readonly oldest: () => number
  readonly rowOf: (account: Account, entry: Entry) => Row
  readonly onTrouble: (trouble: Trouble) => void
  /** A segment is another process's. */
  readonly onTaken: (segment: number) => void
  /** Something could not be read, and may be later. */
  readonly onLater: (account: Account) => void
}): SpillReader => {
  const { books, line, listener } = options

  const ready = (account: Account): void => {
    account.hungry = false
    listener().onReady(account.route)
  }

  const fail = (account: Account, trouble: Trouble): void => {
    options.onTrouble(trouble)
    options.onLater(account)
  }

  const read = (account: Account): void => {
    const source = SpillBooks.first(account)
    if (account.busy || account.wanted <= 0 || source === undefined) return
    const open = line()
    if (open === undefined) return options.onLater(account)
    account.busy = true
    // What is written meanwhile is above `upTo`.
    const expected = { ...source }
    const { after, segment, upTo } = source
    const bytes = Math.min(account.wanted, limits.loadBytes)
    open.ask("load", { segment, after, upTo, bytes }, (outcome) => {
      account.busy = false
      if ("trouble" in outcome) return fail(account, outcome.trouble)
      const found = outcome.value
      if (found === undefined) options.onTaken(segment)
      else {
        account.wanted -= found.bytes
        SpillBooks.pass(books, account, source, found.end ? { ...expected, after: upTo } : found)
        SpillBooks.readAhead(books, account, found.entries.map((entry) => options.rowOf(account, entry)))
        // Where nothing is although something was counted, it cannot be delivered from here, whatever became of it.
        const missing = found.end ? expected.count - found.count : 0
        if (found.unreadable > 0) options.diagnostics.warnOnce("outbox.unreadable", sentences.unreadable)
        if (found.unreadable + missing > 0) listener().onUnreadable(found.unreadable + missing)
      }
      // What could not be read is no reason to stop.
      if (account.ahead.length === 0) account.wanted = Math.max(account.wanted, bytes)
      read(account)
      if (account.hungry && (account.ahead.length > 0 || !account.busy)) ready(account)
    })
  }

  const count = (account: Account, source: Source): void => {
    const open = line()
    if (source.counted || source.counting || open === undefined) return
    source.counting = true
    open.ask("count", { segment: source.segment, after: source.upTo }, (outcome) => {
      source.counting = false
      if ("trouble" in outcome) return options.onTrouble(outcome.trouble)
      const slice = outcome.value
      const before = SpillBooks.first(account)
      SpillBooks.enter(books, account, source, slice)
      if (slice.count > 0) listener().onAdopted(slice.count)
      if (before === undefined && slice.count > 0) ready(account)
      if (slice.end) expire(account)
      else count(account, source)
    })
  }

  const expire = (account: Account): void => {
    const source = SpillBooks.first(account)
    const open = line()
    if (account.busy || source === undefined || open === undefined) return
    account.busy = true
    const { after, segment, upTo } = source
    open.ask("expire", { segment, after, upTo, oldest: options.oldest() }, (outcome) => {
      account.busy = false
      if ("trouble" in outcome) return fail(account, outcome.trouble)
      const { value } = outcome
      SpillBooks.pass(books, account, source, value)
      if (value.count > 0) listener().onExpired(value.count)
      if (value.more || (value.count > 0 && source.count === 0)) return expire(account)
      // What was asked for meanwhile.
      read(account)
      if (account.hungry && !account.busy) ready(account)
    })
  }

  return { read, count, expire, ready }
}
