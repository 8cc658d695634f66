/**
 * Adds a finished event to the ledger and places it: on its carrier, in the outbox, or among the events that wait for a
 * retention decision.
 *
 * **Details**
 *
 * An event is counted and placed in one step that stays whole even if the stack overflows in it: a place takes an event
 * by its last statement, and an event without a place is counted as dropped.
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

/** The entry of events. No member throws. */
export interface EventEntry {
  /**
   * Counts and places a finished event. Without a carrier to ride it is offered at once; otherwise it waits on its
   * carrier for the chunk. The returned effect waits for room, if the overflow policy requires that.
   */
  readonly finish: (record: PendingRecord, carrier: Carrier | undefined) => Effect.Effect<void> | undefined
  /** Counts an event as dropped. Its APM span stays, with no more content than `record` has. */
  readonly refuse: (record: PendingRecord | undefined, reason: DropReason, carrier: Carrier | undefined) => void
  /** Offers an event to the outbox of its account. */
  readonly offer: (record: SpanRecord) => boolean
  /** Counts an event that the outbox refused as dropped. */
  readonly lose: (record: SpanRecord) => void
  /** The number of events on carriers, from the end of their span on. The taker of an event decrements it. */
  readonly onCarriers: { events: number }
}

/** The parts that an entry uses. */
export interface Options {
  readonly conditions: Pick<Conditions, "now" | "elapsed" | "mode" | "canRide" | "apm">
  readonly ledger: LedgerBook
  readonly overflow: Overflow
  readonly outboxes: Pick<OutboxesService, "of">
  /** The events without a carrier that wait for the retention decision of their trace. */
  readonly retention: RetentionHold
  /** Called when the outbox of an account took an event. */
  readonly onOffered: (account: string) => void
  /** Called with the error of a step that failed. */
  readonly onDefect: (place: string, error: unknown) => void
}

/** Makes an entry without events. */
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
      // The outbox has the event. If this wake-up failed, the next offered event wakes the lane.
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
        // The drop is counted, and the stack may be too full to log it.
      }
    }
  }

  // Places an event that has room in memory.
  const place = (record: PendingRecord, carrier: Carrier | undefined): void => {
    const { account, retention } = record.context
    const isOpen = LateRetention.isOpen(retention)
    // The Agent sends riding events to its own account, so an event of another account cannot ride.
    const rides = account === undefined && conditions.canRide() && ExportMode.rides(conditions.mode())
    // An event with an open retention decision waits on its carrier too, because the chunk leaves anyway.
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
    // An event outside memory cannot ride, so its span keeps no more than its attributes.
    carrier?.attach(record, outcome === "spilled" ? "outbox" : "dropped")
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
              // The drop is counted, and the stack may be too full to log it.
            }
          }
        })
      } catch (error) {
        ledger.dropped.failed++
        try {
          forget(record, carrier, error)
        } catch {
          // The drop is counted, and the stack may be too full to log it.
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
