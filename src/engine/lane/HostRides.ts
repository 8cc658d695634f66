/**
 * The events that ride on spans of another tracer, from the moment they are on their span until an Agent has answered.
 *
 * **Details**
 *
 * The host sends its spans in requests of its own. When such a request begins, the events that were put on spans since
 * the last one are in it. The host gives up a payload that is answered with an error, so its events go to the outbox. A
 * request that fails without an answer may be repeated by the host; if no answer follows within `silenceMillis`, the
 * events go to the outbox, as possible duplicates unless no byte of them was written.
 */
import type * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as DeliveryVerdict from "../../domain/delivery/DeliveryVerdict.ts"
import type { SpanRecord } from "../../domain/span/SpanRecord.ts"
import type { HostPayload } from "../../ports/HostTracer.ts"
import type { OutboxService } from "../../ports/Outbox.ts"
import type { Outcome } from "../../ports/Transport.ts"
import { guard } from "../books/Guard.ts"
import type { LedgerBook } from "../books/Ledger.ts"
import type { ByteBudget } from "../outbox/ByteBudget.ts"

export interface HostRides {
  /** The number of events that ride and have no answer. */
  readonly riders: () => number
  /** Adds the events on the spans of one trace. */
  readonly add: (riders: ReadonlyArray<SpanRecord>) => void
  readonly take: () => HostPayload | undefined
  /** Hands over what has had no answer for too long. Returns the time of the next sweep that could find some, if any. */
  readonly sweep: (now: number) => number | undefined
  /** Waits until every riding event has an answer, or another place. */
  readonly settled: Effect.Effect<void>
  /** Leaves the events without an answer to the host, which outlives the layer, or to the outbox if it is durable. */
  readonly leave: () => void
}

// The repetitions of the host do not last as long.
const silenceMillis = 30_000

interface Ride {
  readonly riders: ReadonlyArray<SpanRecord>
  readonly since: number
}

class Payload implements HostPayload {
  readonly rides: ReadonlyArray<Ride>
  readonly since: number
  isUnwritten = false
  settled = false
  readonly #settle: (payload: Payload, outcome: Outcome) => void

  constructor(rides: ReadonlyArray<Ride>, settle: (payload: Payload, outcome: Outcome) => void) {
    this.rides = rides
    this.since = rides[0]!.since
    this.#settle = settle
  }

  get traces(): number {
    return this.rides.length
  }

  settle(outcome: Outcome): void {
    this.#settle(this, outcome)
  }

  fail(bytesWritten: boolean): void {
    this.isUnwritten = !bytesWritten
  }

  isSettled(): boolean {
    return this.settled
  }
}

export const make = (options: {
  readonly outbox: OutboxService
  readonly ledger: LedgerBook
  readonly budget: Pick<ByteBudget, "release">
  readonly diagnostics: Parameters<typeof guard>[0]
  /** Unix time in milliseconds. */
  readonly now: () => number
  /** The clock for the age of events in an outbox. */
  readonly aging: () => number
  /** Milliseconds on a monotonic clock. */
  readonly elapsed: () => number
  readonly onHandedOver: () => void
  /** Called when events ride for too long without an answer. */
  readonly onSilence: () => void
}): HostRides => {
  const { budget, ledger, outbox } = options
  const idle = Latch.makeUnsafe(true)
  let waiting: Array<Ride> = []
  const sent = new Set<Payload>()
  let riding = 0

  const remove = (riders: ReadonlyArray<SpanRecord>): void => {
    riding -= riders.length
    if (riding === 0) idle.openUnsafe()
  }

  const giveToOutbox = (riders: ReadonlyArray<SpanRecord>, uncertain: boolean): void => {
    const now = options.aging()
    if (uncertain) ledger.possibleDuplicates += riders.length
    for (const rider of riders) {
      if (outbox.offer(rider, { now, uncertain })) continue
      budget.release(rider)
      ledger.drop("outboxFull")
    }
    remove(riders)
    options.onHandedOver()
  }

  const deliver = (riders: ReadonlyArray<SpanRecord>): void => {
    ledger.deliveredAgent += riders.length
    for (const rider of riders) budget.release(rider)
    remove(riders)
  }

  const leaveToHost = (riders: ReadonlyArray<SpanRecord>): void => {
    ledger.transferred += riders.length
    for (const rider of riders) budget.release(rider)
    remove(riders)
  }

  const settle = (payload: Payload, outcome: Outcome): void =>
    guard(options.diagnostics, "host.answer", () => {
      if (payload.settled) return
      payload.settled = true
      sent.delete(payload)
      const { _tag } = outcome._tag === "Answer"
        ? DeliveryVerdict.ofStatus("agent-traces", outcome.status, outcome.headers, options.now())
        : DeliveryVerdict.ofFailure(outcome.bytesWritten)
      for (const { riders } of payload.rides) {
        if (_tag === "Delivered") deliver(riders)
        else giveToOutbox(riders, _tag === "Ambiguous")
      }
    }, undefined)

  const giveUp = (payload: Payload): void =>
    payload.settle({ _tag: "Failure", bytesWritten: !payload.isUnwritten, reason: "SILENCE" })

  return {
    riders: () => riding,
    settled: idle.await,
    add: (riders) => {
      riding += riders.length
      waiting.push({ riders, since: options.elapsed() })
      idle.closeUnsafe()
    },
    take: () => {
      if (waiting.length === 0) return undefined
      const payload = new Payload(waiting, settle)
      waiting = []
      sent.add(payload)
      return payload
    },
    sweep: (now) => {
      let next: number | undefined
      let silent = false
      const look = (since: number): boolean => {
        const due = since + silenceMillis
        if (due <= now) return true
        if (next === undefined || due < next) next = due
        return false
      }
      for (const payload of sent) {
        if (look(payload.since)) giveUp(payload)
      }
      if (waiting.length > 0 && look(waiting[0]!.since)) {
        const rides = waiting
        waiting = []
        silent = true
        giveUp(new Payload(rides, settle))
      }
      if (silent) options.onSilence()
      return next
    },
    leave: () => {
      const rides = waiting
      waiting = []
      for (const payload of sent) {
        payload.settled = true
        rides.push(...payload.rides)
      }
      sent.clear()
      for (const { riders } of rides) {
        // An event in a durable outbox is promised to arrive at least once.
        if (outbox.kept !== undefined) giveToOutbox(riders, true)
        else leaveToHost(riders)
      }
    }
  }
}
