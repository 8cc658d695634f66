/**
 * Events that wait for room in memory, in a line for each account: a full share of one account holds up no other.
 *
 * **Details**
 *
 * An event that gets room is placed at once, so that a flush sees it. Its fiber goes on a little later: room comes free at the
 * end of any other span, and a fiber that went on inside of that would run the rest of a program there. Under `Effect.forEach`
 * with a bound on concurrency, the item that had just ended its span would be begun a second time.
 */
import * as Effect from "effect/Effect"
import type { PendingRecord } from "../../ports/LateRetention.ts"
import { accountOf } from "../../ports/Outbox.ts"
import type { ByteBudget } from "./ByteBudget.ts"

/** The end of a span that waits for a place for its event. */
export interface Waiter {
  readonly record: PendingRecord
  readonly account: string
  /** Whether it has a place in the budget now. */
  admitted: boolean
  /** Called when it is admitted. */
  readonly onAdmitted: () => void
  wake: () => void
}

/** A waiter that stands in no line yet. */
export const waiter = (record: PendingRecord, onAdmitted: () => void): Waiter => ({
  record,
  account: accountOf(record),
  admitted: false,
  onAdmitted,
  wake: () => {}
})

export interface WaitingLines {
  readonly has: (account: string) => boolean
  /** Waits until the budget has room, or until the lines close. */
  readonly join: (waiter: Waiter) => Effect.Effect<void>
  /** Reserves room for those at the head of each line, as far as it goes, and wakes them. */
  readonly admit: () => void
  /** Wakes everyone without room, and lets no one wait from here on. */
  readonly close: () => void
  readonly isClosed: () => boolean
}

export const make = (budget: ByteBudget): WaitingLines => {
  const lines = new Map<string, Set<Waiter>>()
  let closed = false

  const leave = (waiter: Waiter): void => {
    const line = lines.get(waiter.account)
    if (line?.delete(waiter) === true && line.size === 0) lines.delete(waiter.account)
  }

  const admitted = (waiter: Waiter): void => {
    waiter.admitted = true
    waiter.onAdmitted()
  }

  return {
    has: (account) => lines.has(account),
    join: (waiter) =>
      Effect.callback<void>((resume) => {
        if (closed) return resume(Effect.void)
        // Room can have come since the budget refused this event.
        if (!lines.has(waiter.account) && budget.reserve(waiter.record)) {
          admitted(waiter)
          return resume(Effect.void)
        }
        const line = lines.get(waiter.account) ?? new Set()
        lines.set(waiter.account, line.add(waiter))
        waiter.wake = () => resume(Effect.yieldNow)
        return Effect.sync(() => leave(waiter))
      }),
    admit: () => {
      for (const line of lines.values()) {
        for (const waiter of line) {
          if (!budget.reserve(waiter.record)) break
          leave(waiter)
          admitted(waiter)
          waiter.wake()
        }
      }
    },
    close: () => {
      closed = true
      for (const line of lines.values()) {
        for (const waiter of line) waiter.wake()
      }
      lines.clear()
    },
    isClosed: () => closed
  }
}
