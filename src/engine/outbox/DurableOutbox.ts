/**
 * Outboxes whose events outlive the process, as far as a journal has committed them: one for each account.
 *
 * **Details**
 *
 * An event that memory holds is copied to the journal when its span ends, riding or not, and the copy is deleted when the
 * event is settled. An event that memory has no room for goes to the journal alone, and comes back when there is room: a
 * share of the byte budget is set apart for loaded events, so that a full memory cannot keep the disk from being emptied.
 * Events of an ended process arrive in the same way, and enter the books of this one.
 *
 * The share is common to all accounts, but an account that has nothing loaded may always load a little. So an account that
 * is paused keeps its loaded events, and keeps no other account from loading.
 *
 * @since 0.1.0
 */
import type { SetAside } from "../../domain/delivery/SetAside.ts"
import type { SpanRecord } from "../../domain/span/SpanRecord.ts"
import * as SpanRecords from "../../domain/span/SpanRecord.ts"
import type { JournalService } from "../../ports/Journal.ts"
import type { PendingRecord } from "../../ports/LateRetention.ts"
import type { Item, OutboxService } from "../../ports/Outbox.ts"
import type { LedgerBook } from "../books/Ledger.ts"
import * as LateRetention from "../record/LateRetention.ts"
import type { ByteBudget } from "./ByteBudget.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface DurableOutbox {
  /** The budget, with a copy in the journal of all that it holds. */
  readonly budget: ByteBudget
  /** The outbox of an account, the same one each time. */
  readonly of: (account: string) => OutboxService
  /** Events held, of all accounts, those included that no lane has asked for. */
  readonly size: () => number
  /** Events that outlive this process. */
  readonly kept: () => number
  readonly close: () => void
  /** Begins to take over events of ended processes. Ends when the first of them are in the books. */
  readonly start: () => Promise<void>
  /** Keeps an event that cannot be delivered, in the place of its copy. */
  readonly setAside: (record: PendingRecord, entry: SetAside) => void
  readonly readSetAside: () => Promise<ReadonlyArray<SetAside>>
}

/**
 * How much of the byte budget is set apart for loaded events.
 *
 * @category combinators
 * @since 0.1.0
 */
export const loadShare = (maxBytes: number): number => Math.min(8 * 1024 * 1024, Math.floor(maxBytes / 4))

/**
 * How many bytes an account that has nothing loaded may load in any case.
 *
 * @category constants
 * @since 0.1.0
 */
export const leastLoad = 256 * 1024

// Below this many bytes that wait, more is read: a request of 1 MiB is packed while the next is on its way from the disk.
const readAheadBytes = 2 * 1024 * 1024

interface Options {
  /** Makes the memory of an account. */
  readonly memory: () => OutboxService
  readonly budget: ByteBudget
  readonly journal: JournalService
  readonly ledger: LedgerBook
  readonly loadBytes: number
  /** Called when something of an account can be taken that could not before. */
  readonly onReady: (account: string) => void
}

interface Opened {
  readonly outbox: OutboxService
  readonly held: () => number
}

/**
 * Joins outboxes in memory, a budget and a journal. `loadBytes` bounds the events that are loaded and not yet settled.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): DurableOutbox => {
  const { budget, journal, ledger } = options
  const outboxes = new Map<string, Opened>()
  const all = { loadedBytes: 0 }

  return {
    budget: {
      limit: budget.limit,
      used: () => budget.used() + all.loadedBytes,
      bars: budget.bars,
      reserve: (record) => {
        // An exact measure costs more than to write the event to the disk.
        if (budget.limit - budget.used() < SpanRecords.leastBytes(record) || !budget.reserve(record)) return false
        // An open decision is not taken for a copy: the copy has none, and neither has an event recovered from it.
        journal.append(known(record), LateRetention.copy(record))
        return true
      },
      release: (record) => {
        journal.remove(known(record))
        budget.release(record)
      }
    },
    of: (account) => {
      let found = outboxes.get(account)
      if (found === undefined) {
        found = open(account, options, all)
        outboxes.set(account, found)
      }
      return found.outbox
    },
    size: () => {
      let size = journal.spilled()
      for (const { held } of outboxes.values()) size += held()
      return size
    },
    kept: journal.kept,
    close: journal.close,
    setAside: (record, entry) => journal.setAside(known(record), entry),
    readSetAside: journal.readSetAside,
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

// A journal knows an event by its record and writes the copy: it never reads the record's decision.
const known = (record: PendingRecord): SpanRecord => record as SpanRecord

// The outbox of one account. `all` counts the bytes that all accounts have loaded.
const open = (
  account: string,
  { journal, loadBytes, memory: makeMemory }: Options,
  all: { loadedBytes: number }
): Opened => {
  const memory = makeMemory()
  const loaded = new Map<Item, number>()
  // The next one last.
  let waiting: Array<Item> = []
  let waitingBytes = 0
  let turn = false

  const load = (): void => {
    if (journal.spilledBytes(account) === 0) return
    const left = Math.min(loadBytes - all.loadedBytes - journal.readAhead(), readAheadBytes - waitingBytes)
    const room = Math.max(left, loaded.size === 0 ? leastLoad : 0)
    // A lane with nothing in flight never polls again, so wait briefly for the read.
    const stored = journal.load(account, Math.max(0, room), loaded.size === 0)
    if (stored.length === 0) return
    const items = stored.map(({ bytes, offeredAt, record }) => {
      const item: Item = { record, offeredAt, uncertain: false }
      loaded.set(item, bytes)
      all.loadedBytes += bytes
      waitingBytes += bytes
      return item
    })
    waiting = [...items.reverse(), ...waiting]
  }

  const takeLoaded = (): Item | undefined => {
    if (waitingBytes < readAheadBytes) load()
    const item = waiting.pop()
    if (item !== undefined) waitingBytes -= loaded.get(item)!
    return item
  }

  const outbox: OutboxService = {
    offer: memory.offer,
    spill: journal.spill,
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
      all.loadedBytes -= bytes
    },
    size: () => memory.size() + loaded.size + journal.spilled(account),
    waitingBytes: () => memory.waitingBytes() + waitingBytes + journal.spilledBytes(account)
  }
  return { outbox, held: () => memory.size() + loaded.size }
}
