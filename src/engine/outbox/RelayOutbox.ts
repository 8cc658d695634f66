/**
 * The outbox of a relay: events of batches that a queue lends it, until each is settled.
 *
 * **Details**
 *
 * A batch counts as pending while it is here. It is done when the last of its events was delivered or dropped; only then
 * does the queue forget it. A batch that is given back before counts as transferred for what is left of it.
 *
 * What can arrive twice is counted by relays that live on, and never too low:
 *
 * - A relay that is killed may have sent all that it had in hand. Whoever is lent a batch for the n-th time counts each of
 *   its events n - 1 times.
 * - Before it sends events again whose fate is unknown, a relay writes that down where the next one finds it, which counts
 *   it too.
 * - A relay that gives a batch back counts what of it has arrived, or was on its way just then, and leaves the count of
 *   those before it to the next one.
 * - A relay whose claim ended while it went on, since it stood still or Redis was away, is counted like one that was killed.
 *
 * Not counted is what nobody can know: that the queue itself forgot in a crash that it had lent a batch, and what a relay
 * without a claim sends again in doubt after the next one has begun, if it is killed then.
 */
import * as Effect from "effect/Effect"
import * as DeliveryVerdict from "../../domain/delivery/DeliveryVerdict.ts"
import type { EncodedEvent } from "../../ports/IntakeWriter.ts"
import type { OutboxService } from "../../ports/Outbox.ts"
import type { Outcome } from "../../ports/Transport.ts"
import type { LedgerBook } from "../books/Ledger.ts"
import * as MemoryOutbox from "./MemoryOutbox.ts"

/**
 * What a queue lends. `offeredAt` is in Unix milliseconds, `attempts` counts how often it was lent and not given back, this
 * time included, and `resent` how many of its events relays before this one sent again in doubt.
 */
export interface Batch {
  readonly id: string
  readonly events: ReadonlyArray<EncodedEvent>
  readonly offeredAt: number
  readonly attempts: number
  readonly resent: number
}

// A batch while it is here.
interface Lot {
  readonly id: string
  left: number
  isLent: boolean
  /** Events that have arrived, or are on their way. */
  sent: number
  /** Resends that were written down. */
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
  /** Sends events of batches that are held here, by an effect that does it, and remembers what became of them. */
  readonly send: (
    events: ReadonlyArray<EncodedEvent>,
    endpoint: DeliveryVerdict.Endpoint,
    send: Effect.Effect<Outcome>
  ) => Effect.Effect<Outcome>
}

// Nothing was sent, since nobody would know of it: it is tried again later. Nothing is said about the endpoint.
const notNoted: Outcome = { _tag: "Answer", status: 503, headers: {}, body: "" }

export const make = (options: {
  readonly ledger: LedgerBook
  /** Called when something can be taken. */
  readonly onReady: () => void
  /** Writes down where the next relay finds it that so many events of a batch are sent again in doubt. */
  readonly note: (id: string, events: number) => Effect.Effect<boolean>
  /** What must have happened before the queue may forget a batch. */
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
        const record = { event, bytes: event.bytes.byteLength, onSettled }
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
    // Whatever becomes of this fiber: from here on they are on their way.
    for (const [, lot] of held) lot.sent++
    return Effect.map(send, (outcome) => {
      const verdict = outcome._tag === "Answer"
        ? DeliveryVerdict.ofStatus(endpoint, outcome.status, {}, 0)
        : DeliveryVerdict.ofFailure(outcome.bytesWritten)
      if (verdict._tag === "Delivered") return outcome
      for (const [event, lot] of held) {
        lot.sent--
        // The lane counts it.
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
