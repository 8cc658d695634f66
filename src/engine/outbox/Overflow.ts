/**
 * The treatment of an event for which memory has no room, and which no other place holds.
 */
import * as Effect from "effect/Effect"
import * as Scheduler from "effect/Scheduler"
import type { PendingRecord } from "../../ports/LateRetention.ts"
import type { OutboxesService, OutboxService } from "../../ports/Outbox.ts"
import { accountOf } from "../../ports/Outbox.ts"
import type { LedgerBook } from "../books/Ledger.ts"
import * as LateRetention from "../record/LateRetention.ts"
import type { ByteBudget } from "./ByteBudget.ts"
import * as WaitingLines from "./WaitingLines.ts"

/**
 * - `dropNewest`: the event is dropped
 * - `dropOldest`: the oldest events that wait for the intake are dropped until there is room: first those of the same
 * account, then those of the account with most events
 * - `backpressure`: the end of the span waits for room for a limited time, then the event is dropped. A fiber that runs
 * synchronously cannot wait
 */
export type Policy = "dropNewest" | "dropOldest" | "backpressure"

/**
 * The outcome for an event: it has a place in the budget, it is held outside memory, it is dropped and counted, or the
 * layer closed meanwhile and counted it.
 */
export type Outcome = "reserved" | "spilled" | "dropped" | "closed"

export interface Overflow {
  /** The budget. Bytes that are released let waiting events in. */
  readonly budget: ByteBudget
  /** Finds a place for an event, now or later, and calls `then` with the outcome, in one synchronous step. */
  readonly enter: (
    record: PendingRecord,
    then: (outcome: Outcome) => void
  ) => Effect.Effect<void> | undefined
  /** The number of events that wait for room; they are pending. */
  readonly waiting: () => number
  /** Lets events in that wait, as far as there is room. */
  readonly admit: () => void
  /** Ends every wait. */
  readonly close: () => void
}

export const make = (options: {
  readonly policy: Policy
  readonly budget: ByteBudget
  readonly outboxes: Pick<OutboxesService, "of" | "fullest">
  readonly ledger: LedgerBook
  /** The longest wait at the end of a span. */
  readonly waitMillis: number
}): Overflow => {
  const { budget, ledger, outboxes, policy } = options
  const lines = WaitingLines.make(budget)
  let waiting = 0

  const drop = (then: (outcome: Outcome) => void): undefined => {
    ledger.drop("outboxFull")
    try {
      then("dropped")
    } catch {
      // The drop is counted. A failure to report it must not count it again.
    }
  }

  const evict = (victims: OutboxService): boolean => {
    const victim = victims.take()
    if (victim === undefined) return false
    victims.settle(victim)
    budget.release(victim.record)
    ledger.drop("outboxFull")
    return true
  }

  const makeRoom = (record: PendingRecord): boolean => {
    // A single very large event does not justify dropping all others.
    if (budget.measure(record) > budget.limit / 4) return false
    const own = outboxes.of(accountOf(record))
    const canOthersHelp = () => !budget.bars(record)
    while (evict(own) || (canOthersHelp() && evict(outboxes.fullest() ?? own))) {
      if (budget.reserve(record)) return true
    }
    return false
  }

  // A span ends in a finalizer, which cannot be interrupted: an unbounded wait there would be worse than losing an
  // event.
  const enterLater = (record: PendingRecord, then: (outcome: Outcome) => void): Effect.Effect<void> => {
    const waiter = WaitingLines.waiter(record, () => {
      waiting--
      then("reserved")
    })
    const waits = Effect.exit(Effect.interruptible(Effect.timeoutOption(lines.join(waiter), options.waitMillis)))
    const proceed = Effect.sync(() => {
      if (waiter.admitted) return
      if (lines.isClosed()) return then("closed")
      waiting--
      drop(then)
    })
    const entered = Effect.withFiber((fiber) =>
      fiber.getRef(Scheduler.Scheduler).executionMode === "sync" ? proceed : Effect.andThen(waits, proceed)
    )
    waiting++
    return entered
  }

  return {
    budget: policy !== "backpressure" ? budget : {
      ...budget,
      release: (record) => {
        const bytes = budget.release(record)
        lines.admit()
        return bytes
      }
    },
    enter: (record, then) => {
      if (policy === "backpressure" && lines.has(accountOf(record))) return enterLater(record, then)
      if (budget.reserve(record)) return void then("reserved")
      if (outboxes.of(accountOf(record)).spill?.(LateRetention.close(record)) === true) {
        try {
          then("spilled")
        } catch {
          // The disk has the event and counts it.
        }
        return undefined
      }
      if (policy === "backpressure") return enterLater(record, then)
      if (policy === "dropOldest" && makeRoom(record)) return void then("reserved")
      return drop(then)
    },
    waiting: () => waiting,
    admit: lines.admit,
    close: lines.close
  }
}
