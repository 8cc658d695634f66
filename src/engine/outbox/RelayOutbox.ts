/**
 * The outbox of a relay: events of batches that a queue lends to it, until each is settled.
 *
 * **Details**
 *
 * A batch is pending while it is here. It is done when the last of its events was delivered or dropped, and only then
 * does the queue forget it. If a batch is given back earlier, its remaining events count as transferred.
 *
 * Possible duplicates are counted by the relays that continue, and never too low:
 *
 * - A killed relay may have sent everything that it held. A relay that is lent a batch for the n-th time counts each of
 * its events n - 1 times.
 * - Before a relay sends events with an ambiguous outcome again, it writes a note that the next relay finds and counts.
 * - A relay that gives a batch back counts those of its events that have arrived or were in flight, and leaves the
 * counts of earlier relays to the next one.
 * - A relay whose claim expired while it continued, because it was suspended or Redis was away, counts like a killed
 * one.
 *
 * Two cases cannot be known and are not counted: a queue that lost its note of a lending in a crash, and a relay that
 * sends events again without a claim, after the next relay has begun, and is then killed.
 */
import * as Effect from "effect/Effect"
import * as DeliveryVerdict from "../../domain/delivery/DeliveryVerdict.ts"
import type { EncodedEvent } from "../../ports/IntakeWriter.ts"
import type { OutboxService } from "../../ports/Outbox.ts"
import type { Outcome } from "../../ports/Transport.ts"
import type { LedgerBook } from "../books/Ledger.ts"
import * as MemoryOutbox from "./MemoryOutbox.ts"

/**
 * A lent batch. `offeredAt` is in Unix milliseconds. `attempts` counts how often it was lent and not given back,
 * including this time. `resent` counts its events that earlier relays sent again after an ambiguous outcome.
 */
export interface Batch {
  readonly id: string
  readonly events: ReadonlyArray<EncodedEvent>
  readonly offeredAt: number
  readonly attempts: number
  readonly resent: number
}

// A batch while it is held here.
interface Lot {
  readonly id: string
  left: number
  isLent: boolean
  /** The number of events that have arrived or are in flight. */
  sent: number
  /** The number of resends that were noted. */
  noted: number
}

/** An event of a batch. */
export interface Relayed {
  readonly event: EncodedEvent
  readonly bytes: number
  /** Called when the event is settled. */
  readonly onSettled: () => void
}

export interface RelayOutbox {
  readonly outbox: OutboxService<Relayed>
  /** Holds a batch until it is done, or gives it back when interrupted. */
  readonly hold: (batch: Batch) => Effect.Effect<void>
  /** Sends events of held batches by the given effect, and records the outcome. */
  readonly send: (
    events: ReadonlyArray<EncodedEvent>,
    endpoint: DeliveryVerdict.Endpoint,
    send: Effect.Effect<Outcome>
  ) => Effect.Effect<Outcome>
}

// Nothing was sent, because the note failed. It is tried again later; the endpoint is not at fault.
const notNoted: Outcome = { _tag: "Answer", status: 503, headers: {}, body: "" }

export const make = (options: {
  readonly ledger: LedgerBook
  /** Called when an event becomes available. */
  readonly onReady: () => void
  /** Notes for the next relay that this many events of a batch are sent again after an ambiguous outcome. */
  readonly note: (id: string, events: number) => Effect.Effect<boolean>
  /** The condition under which the queue may forget a batch. */
  readonly beforeDone: Effect.Effect<void>
}): RelayOutbox => {
  const { ledger, note } = options
  const memory = MemoryOutbox.make<Relayed>()
  const lots = new WeakMap<EncodedEvent, Lot>()
  const inDoubt = new WeakSet<EncodedEvent>()
  let size = 0

  const settled = (lot: Lot, onDone: () => void) => () => {
    if (!lot.isLent) return
    lot.left--
    size--
    if (lot.left === 0) onDone()
  }

  const wait = (lot: Lot, { attempts, events, offeredAt }: Batch): Effect.Effect<void> =>
    Effect.callback((resume) => {
      const onSettled = settled(lot, () => resume(Effect.void))
      if (lot.left === 0) resume(Effect.void)
      for (const event of events) {
        lots.set(event, lot)
        // At least a byte, also of an event without text: an outbox without waiting bytes has nothing to send.
        const record = { event, bytes: Math.max(1, event.bytes.byteLength), onSettled }
        memory.offer(record, { now: offeredAt, uncertain: attempts > 1 })
      }
      options.onReady()
    })

  const sendNow = (
    events: ReadonlyArray<EncodedEvent>,
    endpoint: DeliveryVerdict.Endpoint,
    send: Effect.Effect<Outcome>
  ): Effect.Effect<Outcome> => {
    const held = events.flatMap((event) => {
      const lot = lots.get(event)
      return lot === undefined ? [] : [[event, lot] as const]
    })
    // From here on the events are in flight, even if this fiber is interrupted.
    for (const [, lot] of held) lot.sent++
    return Effect.map(send, (outcome) => {
      const verdict = outcome._tag === "Answer"
        ? DeliveryVerdict.ofStatus(endpoint, outcome.status, {}, 0)
        : DeliveryVerdict.ofFailure(outcome.bytesWritten)
      if (verdict._tag === "Delivered") return outcome
      for (const [event, lot] of held) {
        lot.sent--
        // The lane counts an ambiguous outcome.
        if (verdict._tag === "Ambiguous") inDoubt.add(event)
      }
      return outcome
    })
  }

  return {
    outbox: {
      ...memory,
      settle: (item) => {
        memory.settle(item)
        item.record.onSettled()
      },
      size: () => size,
      kept: () => size
    },
    hold: (batch) =>
      Effect.suspend(() => {
        const events = batch.events.length
        const before = (batch.attempts - 1) * events + batch.resent
        const lot: Lot = { id: batch.id, left: events, isLent: true, sent: 0, noted: 0 }
        size += events
        ledger.enqueued += events
        ledger.possibleDuplicates += before
        if (batch.attempts > 1) ledger.redelivered += events
        return Effect.onInterrupt(Effect.andThen(wait(lot, batch), options.beforeDone), () => {
          lot.isLent = false
          size -= lot.left
          ledger.transferred += lot.left
          ledger.possibleDuplicates += lot.sent - before
          return lot.noted === 0 ? Effect.void : note(lot.id, -lot.noted)
        })
      }),
    send: (events, endpoint, send) =>
      Effect.suspend(() => {
        const again = new Map<Lot, number>()
        for (const event of events) {
          const lot = lots.get(event)
          if (lot !== undefined && inDoubt.has(event)) again.set(lot, (again.get(lot) ?? 0) + 1)
        }
        if (again.size === 0) return sendNow(events, endpoint, send)
        const notes = Array.from(again, ([lot, count]) =>
          Effect.tap(note(lot.id, count), (certain) =>
            Effect.sync(() => {
              if (certain) lot.noted += count
            })))
        return Effect.flatMap(
          Effect.all(notes, { concurrency: "unbounded" }),
          (noted) => noted.every(Boolean) ? sendNow(events, endpoint, send) : Effect.succeed(notNoted)
        )
      })
  }
}
