/**
 * An outbox whose events outlive the process, as far as a journal has committed them.
 *
 * **Details**
 *
 * Memory stays the first place: an event that is held is copied to the journal when its span ends, riding or not, and the
 * copy goes when the event is settled. An event that memory has no room for goes to the journal alone, and comes back
 * when there is room: a share of the byte budget is set apart for what is loaded, so that a full memory cannot keep the
 * disk from being emptied. Events that an ended process left arrive in the same way, and enter the books of this one.
 *
 * @since 0.1.0
 */
import type { JournalService } from "../ports/Journal.ts"
import type { Item, OutboxService } from "../ports/Outbox.ts"
import type { ByteBudget } from "./ByteBudget.ts"
import * as LateRetention from "./LateRetention.ts"
import type { LedgerBook } from "./Ledger.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface DurableOutbox {
  readonly outbox: OutboxService
  /** The budget, with a copy in the journal of all that it holds. */
  readonly budget: ByteBudget
  /** Begins to take what ended processes left. */
  readonly start: () => void
}

/**
 * How much of the byte budget is set apart for what is loaded.
 *
 * @category combinators
 * @since 0.1.0
 */
export const loadShare = (maxBytes: number): number => Math.min(8 * 1024 * 1024, Math.floor(maxBytes / 4))

// How many parts without a readable event one call passes over.
const maxParts = 8

// A size is estimated by the longest form of each character: the event has at least about a sixth of it.
const longestEscape = 6

/**
 * Joins an outbox in memory, a budget and a journal. `loadBytes` bounds what is loaded and not yet settled.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: {
  readonly memory: OutboxService
  readonly budget: ByteBudget
  readonly journal: JournalService
  readonly ledger: LedgerBook
  readonly loadBytes: number
  /** Called when something can be taken that could not before. */
  readonly onReady: () => void
}): DurableOutbox => {
  const { budget, journal, ledger, memory } = options
  const loaded = new Map<Item, number>()
  // The next one last.
  let waiting: Array<Item> = []
  let loadedBytes = 0
  let waitingBytes = 0
  let turn = false

  const load = (): void => {
    const room = options.loadBytes - loadedBytes
    if (journal.spilled() === 0 || (room <= 0 && loaded.size > 0)) return
    let stored = journal.load(room)
    // Nothing can come of a part that is unreadable, or another process's by now; something may of the next.
    for (let part = 0, before = Infinity; stored.length === 0 && journal.spilled() < before; part++) {
      if (part === maxParts) return options.onReady()
      before = journal.spilled()
      stored = journal.load(room)
    }
    for (const { bytes, offeredAt, record } of stored) {
      const item: Item = { record, offeredAt, uncertain: false }
      loaded.set(item, bytes)
      waiting.push(item)
      loadedBytes += bytes
      waitingBytes += bytes
    }
    waiting = waiting.reverse()
  }

  const takeLoaded = (): Item | undefined => {
    if (waiting.length === 0) load()
    const item = waiting.pop()
    if (item !== undefined) waitingBytes -= loaded.get(item)!
    return item
  }

  return {
    budget: {
      limit: budget.limit,
      used: () => budget.used() + loadedBytes,
      reserve: (record) => {
        // To find out exactly that there is no room costs more than to write the event to the disk.
        if (budget.limit - budget.used() < record.bytes / longestEscape || !budget.reserve(record)) return false
        const { context } = record
        // To write an open decision would be to take it: a copy goes without, and has none if it is ever needed.
        if (context.retention !== undefined && LateRetention.isOpen(context.retention)) {
          journal.append(record, { ...record, context: { ...context, retention: undefined } })
        } else journal.append(record)
        return true
      },
      release: (record) => {
        journal.remove(record)
        budget.release(record)
      }
    },
    outbox: {
      offer: memory.offer,
      spill: (record) => journal.spill(record),
      take: () => {
        turn = !turn
        return turn ? memory.take() ?? takeLoaded() : takeLoaded() ?? memory.take()
      },
      restore: (item) => {
        const bytes = loaded.get(item)
        if (bytes === undefined) return memory.restore(item)
        waitingBytes += bytes
        waiting.push(item)
      },
      settle: (item) => {
        const bytes = loaded.get(item)
        if (bytes === undefined) return memory.settle(item)
        loaded.delete(item)
        loadedBytes -= bytes
      },
      size: () => memory.size() + loaded.size + journal.spilled(),
      waitingBytes: () => memory.waitingBytes() + waitingBytes + journal.spilledBytes(),
      kept: journal.kept,
      close: journal.close
    },
    start: () =>
      journal.start({
        onAdopted: (events) => {
          ledger.enqueued += events
          ledger.redelivered += events
        },
        onExpired: (events) => ledger.drop("expired", events),
        onUnreadable: (events) => ledger.drop("refused", events),
        onTaken: (events) => {
          ledger.transferred += events
        },
        onReady: options.onReady
      })
  }
}
