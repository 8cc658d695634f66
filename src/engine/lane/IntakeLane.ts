/**
 * The lane of events to the LLM intake.
 *
 * **Details**
 *
 * Events are taken from the outbox in order and packed into payloads. A payload that must be sent again stays together
 * and waits behind the others, so that one bad payload never blocks the rest. A payload that is refused for its content
 * is cut in halves until the refused event is alone.
 */
import * as Backoff from "../../domain/delivery/Backoff.ts"
import * as DeliveryVerdict from "../../domain/delivery/DeliveryVerdict.ts"
import type { SpanRecord } from "../../domain/span/SpanRecord.ts"
import type { EncodedEvent } from "../../ports/IntakeWriter.ts"
import type { Item, OutboxService } from "../../ports/Outbox.ts"
import type { LedgerBook } from "../books/Ledger.ts"
import type { Destination, Payload } from "./IntakePayload.ts"
import * as IntakePayload from "./IntakePayload.ts"
import type { Lane, NextStep } from "./Shipper.ts"

/** An event that is dropped because no destination takes it. `status` is that of the answer, if there was one. */
export interface SetAside<R = SpanRecord> {
  readonly item: Item<R>
  readonly event: EncodedEvent | undefined
  readonly reason: "refused" | "oversized"
  readonly status: number | undefined
}

const done: NextStep = { _tag: "Done" }

/** The size in bytes at which a payload is closed: about as much as one call may encode. */
export const targetBytes = 1024 * 1024

/** The most requests to the intake in flight. */
export const maxInFlight = 4

// Above this size a 502 of the EVP proxy can mean that the payload is too large, if smaller ones go through.
const suspiciousBytes = 1024 * 1024

/** The parts and the listeners of a lane. */
export interface Options<R = SpanRecord> {
  readonly outbox: OutboxService<R>
  /** The name of the account of the events. `undefined` for the layer's own. */
  readonly account: string | undefined
  readonly ledger: LedgerBook
  readonly budget: {
    readonly release: (record: R) => void
    /** Packs the large content of `record`, or all, until the slice `isOver`. Returns whether none is left, and time. */
    readonly pack?: ((isOver: () => boolean, record?: R) => boolean) | undefined
  }
  readonly random: () => number
  /** `undefined` while no destination is known. */
  readonly destination: () => Destination<R> | undefined
  /** The size in bytes at which a payload is closed, well under the writer's limit. */
  readonly targetBytes: number
  /** The estimated bytes of waiting events that fill a request. Default: 0. */
  readonly readyBytes?: number | undefined
  readonly maxAgeMillis: number
  /** Called when the Agent answers that it has no EVP proxy. */
  readonly onRediscover: () => void
  /** Called with whether the Agent's address answers. */
  readonly onReachable: (reachable: boolean) => void
  /** Called with each event that no destination takes, before it is dropped, so that it can be kept for inspection. */
  readonly onSetAside?: ((dropped: SetAside<R>) => void) | undefined
}

export const make = <R = SpanRecord>(options: Options<R>): Lane<Payload<R>> => {
  const { ledger, outbox } = options
  const { deliver, drop, setAside } = settling(options)
  const again: Array<Payload<R>> = []
  let failures = 0
  // The number of delivered payloads below that size.
  let small = 0
  let turn = false

  const { fill, fresh, isPacking, repack } = IntakePayload.packer({
    ...options,
    prepare: options.budget.pack,
    onExpired: (item) => drop(item, "expired"),
    onFailed: (item) => drop(item, "failed"),
    onOversized: (item, event) => setAside(item, event, "oversized")
  })

  // A payload that fails at the end of the program stays pending: in the outbox, lent.
  const later = (payload: Payload<R>, afterMillis: number | undefined, last: boolean): NextStep => {
    failures++
    if (!last) again.push(payload)
    return { _tag: "Later", delayMillis: Backoff.delay(failures, options.random(), afterMillis) }
  }

  const failed = (destination: Destination<R>, now: number): Payload<R> | undefined => {
    while (again.length > 0) {
      const payload = repack(again.shift()!, destination, now)
      if (payload !== undefined) return payload
    }
    return undefined
  }

  const isEmpty = (): boolean => again.length === 0 && outbox.waitingBytes() === 0 && !isPacking()

  return {
    pack: (now, isOver) => {
      const destination = outbox.waitingBytes() === 0 ? undefined : options.destination()
      if (destination !== undefined) return fill(destination, now, isOver)
      // Events that cannot be sent yet come last, so they hold up no other.
      return options.budget.pack?.(isOver) === false
    },
    next: (now) => {
      // Resolving a destination starts Agent discovery, so skip it when the lane is empty.
      if (isEmpty()) return undefined
      const destination = options.destination()
      if (destination === undefined) return undefined
      turn = !turn
      return turn
        ? fresh(destination, now) ?? failed(destination, now)
        : failed(destination, now) ?? fresh(destination, now)
    },
    send: (payload) => payload.writer.send(payload.events, options.account),
    isEmpty,
    isReady: () => again.length > 0 || isPacking() || outbox.waitingBytes() >= (options.readyBytes ?? 0),
    onOutcome: (payload, outcome, now, last) => {
      const status = outcome._tag === "Answer" ? outcome.status : undefined
      const verdict = outcome._tag === "Answer"
        ? DeliveryVerdict.ofStatus(payload.endpoint, outcome.status, outcome.headers, now)
        : DeliveryVerdict.ofFailure(outcome.bytesWritten)
      if (payload.endpoint === "agent-evp") options.onReachable(outcome._tag === "Answer" || outcome.bytesWritten)
      switch (verdict._tag) {
        case "Delivered": {
          failures = 0
          if (payload.bytes <= suspiciousBytes) small++
          deliver(payload)
          return done
        }
        case "Retry":
          return later(payload, verdict.afterMillis, last)
        case "Ambiguous": {
          for (const item of payload.items) item.uncertain = true
          ledger.possibleDuplicates += payload.items.length
          if (payload.smallBefore !== undefined && payload.smallBefore < small && payload.items.length > 1 && !last) {
            failures++
            again.push(...IntakePayload.halves(payload))
            return { _tag: "Later", delayMillis: Backoff.delay(failures, options.random(), verdict.afterMillis) }
          }
          const doubtful = payload.bytes > suspiciousBytes ? { ...payload, smallBefore: small } : payload
          return later(doubtful, verdict.afterMillis, last)
        }
        // The fault can be that of one event, so the others are not given up with it.
        case "Refuse":
        case "Split": {
          if (payload.items.length > 1) again.push(...IntakePayload.halves(payload))
          else setAside(payload.items[0]!, payload.events[0], status === 413 ? "oversized" : "refused", status)
          return done
        }
        case "Pause":
          return later(payload, verdict.afterMillis ?? Backoff.bounds.most, last)
        case "Rediscover": {
          options.onRediscover()
          // A request that the Agent did not pass on has certainly not arrived, so at the end of a program it is
          // sent once more.
          const isSecond = payload.rediscovered === true
          return later({ ...payload, rediscovered: true }, undefined, last && isSecond)
        }
      }
    }
  }
}

// The ways in which an event ends here. Each moves its count in the step that takes it from the outbox.
const settling = <R>({ budget, ledger, onSetAside, outbox }: Options<R>) => {
  const finish = (item: Item<R>): void => {
    outbox.settle(item)
    budget.release(item.record)
  }
  return {
    deliver: ({ items, transfers }: Payload<R>): void => {
      for (const item of items) finish(item)
      if (transfers === true) ledger.transferred += items.length
      else ledger.deliveredIntake += items.length
    },
    drop: (item: Item<R>, reason: "expired" | "failed"): void => {
      finish(item)
      ledger.drop(reason)
    },
    setAside: (
      item: Item<R>,
      event: EncodedEvent | undefined,
      reason: "refused" | "oversized",
      status?: number
    ): void => {
      onSetAside?.({ item, event, reason, status })
      finish(item)
      ledger.drop(reason)
    }
  }
}
