/**
 * Where a finished event enters the books, and is placed: on its carrier, in the outbox, or among those that wait for a
 * retention decision.
 *
 * **Details**
 *
 * An event is counted and placed in one step that cannot come apart, even if the stack overflows in it: a place takes an
 * event by its last statement, and an event that no place took is a counted drop.
 */
import type * as Effect from "effect/Effect"
import * as ExportMode from "../../domain/delivery/ExportMode.ts"
import type { DropReason } from "../../domain/delivery/Ledger.ts"
import type { SpanRecord } from "../../domain/span/SpanRecord.ts"
import type { Carrier } from "../../ports/Carrier.ts"
import type { PendingRecord } from "../../ports/LateRetention.ts"
import type { OutboxesService } from "../../ports/Outbox.ts"
import { accountOf } from "../../ports/Outbox.ts"
import type { LedgerBook } from "../books/Ledger.ts"
import type { Outcome, Overflow } from "../outbox/Overflow.ts"
import * as LateRetention from "../record/LateRetention.ts"
import type { Conditions } from "./Conditions.ts"
import type { RetentionHold } from "./RetentionHold.ts"

/** The way into the books. Every member is total. */
export interface EventEntry {
  /**
   * Enters a finished event into the books. One that has nothing to ride on is offered at once; any other waits on its
   * carrier for the chunk. The effect is a wait for room, where the policy asks for one.
   */
  readonly finish: (record: PendingRecord, carrier: Carrier | undefined) => Effect.Effect<void> | undefined
  /** Enters an event into the books as dropped. Its APM span stays, and says no more than `record`. */
  readonly refuse: (record: PendingRecord | undefined, reason: DropReason, carrier: Carrier | undefined) => void
  /** Offers an event to the outbox of its account. */
  readonly offer: (record: SpanRecord) => boolean
  /** Counts an event that the outbox refused as dropped. */
  readonly lose: (record: SpanRecord) => void
  /** Events that wait on a carrier for their chunk, from the end of their span on. The taker of an event counts it down. */
  readonly onCarriers: { events: number }
}

/** The parts around an entry. */
export interface Options {
  readonly conditions: Pick<Conditions, "now" | "elapsed" | "mode" | "canRide" | "apm">
  readonly ledger: LedgerBook
  readonly overflow: Overflow
  readonly outboxes: Pick<OutboxesService, "of">
  /** Where events that ride on nothing wait for the retention decision of their trace. */
  readonly retention: RetentionHold
  /** Called when the outbox of an account took an event. */
  readonly onOffered: (account: string) => void
  /** Told of a step that failed. */
  readonly onDefect: (place: string, error: unknown) => void
}

/** Makes an entry with nothing in it. */
export const make = (options: Options): EventEntry => {
  const { conditions, ledger, outboxes, overflow } = options
  const onCarriers = { events: 0 }

  const lose = (record: SpanRecord): void => {
    overflow.budget.release(record)
    ledger.drop("outboxFull")
  }

  const tellOffered = (record: PendingRecord): void => {
    try {
      options.onOffered(accountOf(record))
    } catch (error) {
      options.onDefect("entry.offered", error)
    }
  }

  const offer = (record: SpanRecord): boolean => {
    if (!outboxes.of(accountOf(record)).offer(record, { now: conditions.now(), uncertain: false })) return false
    try {
      tellOffered(record)
    } catch {
      // The outbox has it: the next event that is offered wakes its lane.
    }
    return true
  }

  const forget = (record: PendingRecord, carrier: Carrier | undefined, error: unknown): void => {
    overflow.budget.release(record)
    carrier?.attach(undefined, "dropped")
    options.onDefect("entry.finish", error)
  }

  const offerOrLose = (record: SpanRecord): void => {
    try {
      if (!offer(record)) lose(record)
    } catch (error) {
      ledger.dropped.failed++
      try {
        forget(record, undefined, error)
      } catch {
        // As below.
      }
    }
  }

  // An event with a place in memory goes its way.
  const place = (record: PendingRecord, carrier: Carrier | undefined): void => {
    const { account, retention } = record.context
    const isOpen = LateRetention.isOpen(retention)
    // The Agent sends what rides to its own account.
    const rides = account === undefined && conditions.canRide() && ExportMode.rides(conditions.mode())
    // A chunk that leaves anyway is also where an event waits for its retention decision.
    if (carrier !== undefined && !carrier.ended && (rides || (isOpen && conditions.apm()))) {
      carrier.attach(record, "none")
      onCarriers.events++
      return
    }
    carrier?.attach(record, "outbox")
    if (isOpen) return options.retention.wait(record, conditions.elapsed(), offerOrLose)
    const closed = LateRetention.close(record)
    if (offer(closed)) return
    carrier?.attach(closed, "dropped")
    lose(closed)
  }

  const take = (outcome: Outcome, record: PendingRecord, carrier: Carrier | undefined): void => {
    if (outcome === "reserved") return place(record, carrier)
    // Held outside memory it cannot ride: its span must not keep it either.
    carrier?.attach(undefined, outcome === "spilled" ? "outbox" : "dropped")
    if (outcome === "spilled") tellOffered(record)
  }

  return {
    offer,
    lose,
    onCarriers,
    finish: (record, carrier) => {
      // Statements without a call cannot overflow the stack.
      ledger.enqueued++
      try {
        return overflow.enter(record, (outcome) => {
          try {
            take(outcome, record, carrier)
          } catch (error) {
            if (outcome !== "reserved") return
            ledger.dropped.failed++
            try {
              forget(record, carrier, error)
            } catch {
              // As below.
            }
          }
        })
      } catch (error) {
        ledger.dropped.failed++
        try {
          forget(record, carrier, error)
        } catch {
          // It is counted, which is what matters; the stack has no room left even to say so.
        }
        return undefined
      }
    },
    refuse: (record, reason, carrier) => {
      ledger.enqueued++
      let counted = false
      try {
        ledger.drop(reason)
        counted = true
        carrier?.attach(record, "dropped")
      } catch {
        if (!counted) ledger.dropped[reason]++
      }
    }
  }
}
