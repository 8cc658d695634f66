/**
 * Outboxes whose events outlive the process once a journal has committed them, one for each account.
 *
 * **Details**
 *
 * An event in memory is copied to the journal when its span ends, riding or not, and the copy is deleted when the event
 * is settled. An event without room in memory goes to the journal alone, and is loaded when there is room. A share of
 * the byte budget is reserved for loaded events, so that a full memory cannot keep the disk from being emptied. Events
 * of an ended process are loaded in the same way, and counted in the ledger of this process.
 *
 * All accounts share this budget, but an account without loaded events may always load a little. So a paused account
 * that keeps its loaded events does not keep other accounts from loading.
 */
import type { SetAside } from "../../domain/delivery/SetAside.ts"
import type { JournalService } from "../../ports/Journal.ts"
import type { PendingRecord } from "../../ports/LateRetention.ts"
import type { Item, OutboxService } from "../../ports/Outbox.ts"
import type { LedgerBook } from "../books/Ledger.ts"
import * as LateRetention from "../record/LateRetention.ts"
import type { ByteBudget } from "./ByteBudget.ts"

export interface DurableOutbox {
  /** The budget, with a copy in the journal of all events that it holds. */
  readonly budget: ByteBudget
  /** The outbox of an account, the same one each time. */
  readonly of: (account: string) => OutboxService
  /** The number of events held, of all accounts, including accounts without a lane. */
  readonly size: () => number
  /** The number of events that outlive this process. */
  readonly kept: () => number
  readonly close: () => void
  /** Begins to take over events of ended processes. Ends when the first of them are in the ledger. */
  readonly start: () => Promise<void>
  /** Keeps an undeliverable event in the place of its copy. */
  readonly setAside: (record: PendingRecord, entry: SetAside) => void
  readonly readSetAside: () => Promise<ReadonlyArray<SetAside>>
}

/** The bytes of the budget that are reserved for loaded events. */
export const loadShare = (maxBytes: number): number => Math.min(8 * 1024 * 1024, Math.floor(maxBytes / 4))

/** The bytes that an account without loaded events may always load. */
export const leastLoad = 256 * 1024

// Below this many waiting bytes more is read: a request of 1 MiB is packed while the next is read from the disk.
const readAheadBytes = 2 * 1024 * 1024

interface Options {
  /** Makes the memory outbox of an account. */
  readonly memory: () => OutboxService
  readonly budget: ByteBudget
  readonly journal: JournalService
  readonly ledger: LedgerBook
  readonly loadBytes: number
  /** Called when an event of an account becomes available. */
  readonly onReady: (account: string) => void
}

interface Opened {
  readonly outbox: OutboxService
  readonly held: () => number
}

/**
 * Joins outboxes in memory, a budget and a journal. `loadBytes` bounds the events that are loaded and not yet settled.
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
      measure: budget.measure,
      reserve: (record) => {
        if (!budget.reserve(record)) return false
        // Serialising must not force an open retention decision, so the copy omits it; a recovered event has none.
        journal.append(record, LateRetention.copy(record))
        return true
      },
      release: (record) => {
        journal.remove(record)
        return budget.release(record)
      },
      adjust: budget.adjust,
      pack: budget.pack,
      hold: budget.hold,
      free: budget.free
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
    setAside: journal.setAside,
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

// The outbox of one account. `all` counts the bytes that all accounts have loaded.
const open = (
  account: string,
  { journal, loadBytes, memory: makeMemory }: Options,
  all: { loadedBytes: number }
): Opened => {
  const memory = makeMemory()
  const loaded = new Map<Item, number>()
  // In reverse order: the next one is last.
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
