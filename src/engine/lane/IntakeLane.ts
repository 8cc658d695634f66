/**
 * The lane of events to the LLM intake.
 *
 * **Details**
 *
 * Events are taken from the outbox in order and packed into payloads. A payload that must be sent again stays together
 * and waits behind the others, so that one bad payload never blocks the rest. A payload that is refused for what is in
 * it is cut in halves until the event that the intake refuses stands alone.
 *
 * @since 0.1.0
 */
import * as Backoff from "../../domain/delivery/Backoff.ts"
import * as DeliveryVerdict from "../../domain/delivery/DeliveryVerdict.ts"
import type { SpanRecord } from "../../domain/span/SpanRecord.ts"
import type { EncodedEvent, IntakeWriterService } from "../../ports/IntakeWriter.ts"
import type { Item, OutboxService } from "../../ports/Outbox.ts"
import type { LedgerBook } from "../books/Ledger.ts"
import type { Lane, NextStep } from "./Shipper.ts"

/**
 * What leaves in one request.
 *
 * @category models
 * @since 0.1.0
 */
export interface Payload<R = SpanRecord> {
  readonly items: ReadonlyArray<Item<R>>
  readonly events: ReadonlyArray<EncodedEvent>
  readonly bytes: number
  readonly writer: IntakeWriterService<R>
  readonly endpoint: DeliveryVerdict.Endpoint
  readonly transfers?: boolean | undefined
  /** How many small payloads had been delivered when the fate of this large one was last unknown. */
  readonly smallBefore?: number | undefined
}

/**
 * Where events go now. `transfers` says that who takes them there is not the intake but a queue of relays: they count as
 * transferred.
 *
 * @category models
 * @since 0.1.0
 */
export interface Destination<R = SpanRecord> {
  readonly writer: IntakeWriterService<R>
  readonly endpoint: "agent-evp" | "intake"
  readonly transfers?: boolean | undefined
}

/**
 * An event that is dropped because nobody will take it. `status` is the answer's, where there was one.
 *
 * @category models
 * @since 0.1.0
 */
export interface SetAside<R = SpanRecord> {
  readonly item: Item<R>
  readonly event: EncodedEvent | undefined
  readonly reason: "refused" | "oversized"
  readonly status: number | undefined
}

const done: NextStep = { _tag: "Done" }

// Of the two brackets one: each event is counted with the comma or the bracket behind it.
const brackets = 1

/**
 * The size in bytes at which a payload is closed: about what one call may encode.
 *
 * @category constants
 * @since 0.1.0
 */
export const targetBytes = 1024 * 1024

/**
 * How many requests are under way to the intake at most.
 *
 * @category constants
 * @since 0.1.0
 */
export const maxInFlight = 4

// Above this size a 502 of the EVP proxy can mean that the payload is too large, if smaller ones go through.
const suspiciousBytes = 1024 * 1024

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = <R = SpanRecord>(options: {
  readonly outbox: OutboxService<R>
  readonly ledger: LedgerBook
  readonly budget: { readonly release: (record: R) => void }
  readonly random: () => number
  /** `undefined` while nobody is known who takes events. */
  readonly destination: () => Destination<R> | undefined
  /** A payload is closed when it has this many bytes, well under what the writer allows. */
  readonly targetBytes: number
  readonly maxAgeMillis: number
  /** The Agent says that it has no EVP proxy. */
  readonly onRediscover: () => void
  /** Whether somebody answers at the Agent's address. */
  readonly onReachable: (reachable: boolean) => void
  /** Told of each event that nobody will take, right before it is dropped: somebody may want to read it. */
  readonly onSetAside?: ((dropped: SetAside<R>) => void) | undefined
  readonly warn: (key: string, message: string) => void
}): Lane<Payload<R>> => {
  const { budget, ledger, outbox } = options
  const again: Array<Payload<R>> = []
  let failures = 0
  // Payloads below that size which were delivered.
  let small = 0
  let turn = false

  const finish = (item: Item<R>): void => {
    outbox.settle(item)
    budget.release(item.record)
  }

  const expire = (item: Item<R>): void => {
    finish(item)
    ledger.drop("expired")
  }

  const setAside = (
    item: Item<R>,
    event: EncodedEvent | undefined,
    reason: "refused" | "oversized",
    status?: number
  ): void => {
    options.onSetAside?.({ item, event, reason, status })
    finish(item)
    ledger.drop(reason)
  }

  const setAsideAll = (payload: Payload<R>, reason: "refused" | "oversized", status: number | undefined): void =>
    payload.items.forEach((item, i) => setAside(item, payload.events[i], reason, status))

  const isExpired = (item: Item<R>, now: number): boolean => now - item.offeredAt > options.maxAgeMillis

  const fresh = (to: Destination<R>, now: number): Payload<R> | undefined => {
    const { writer } = to
    const items: Array<Item<R>> = []
    const events: Array<EncodedEvent> = []
    let bytes = brackets
    while (bytes < options.targetBytes) {
      const item = outbox.take()
      if (item === undefined) break
      if (isExpired(item, now)) {
        expire(item)
        continue
      }
      const event = writer.encode(item.record)
      if (event === undefined || brackets + event.bytes.byteLength + 1 > writer.maxPayloadBytes) {
        setAside(item, event, "oversized")
        continue
      }
      if (bytes + event.bytes.byteLength + 1 > writer.maxPayloadBytes) {
        outbox.restore(item)
        break
      }
      items.push(item)
      events.push(event)
      bytes += event.bytes.byteLength + 1
    }
    return items.length === 0 ? undefined : { items, events, bytes, ...to }
  }

  // A payload that was packed for another destination, or holds an event that is too old by now, is packed again.
  const repack = (payload: Payload<R>, to: Destination<R>, now: number): Payload<R> | undefined => {
    if (payload.writer === to.writer && !payload.items.some((item) => isExpired(item, now))) return payload
    const items: Array<Item<R>> = []
    const events: Array<EncodedEvent> = []
    let bytes = brackets
    for (const item of payload.items) {
      if (isExpired(item, now)) {
        expire(item)
        continue
      }
      const event = to.writer.encode(item.record)
      if (event === undefined) setAside(item, undefined, "oversized")
      else {
        items.push(item)
        events.push(event)
        bytes += event.bytes.byteLength + 1
      }
    }
    return items.length === 0 ? undefined : { items, events, bytes, ...to }
  }

  const part = (payload: Payload<R>, from: number, to: number): Payload<R> => {
    const events = payload.events.slice(from, to)
    return {
      ...payload,
      smallBefore: undefined,
      items: payload.items.slice(from, to),
      events,
      bytes: events.reduce((sum, event) => sum + event.bytes.byteLength + 1, brackets)
    }
  }

  const halve = (payload: Payload<R>): void => {
    const middle = payload.items.length >> 1
    again.push(part(payload, 0, middle), part(payload, middle, payload.items.length))
  }

  // A payload that fails when nothing is sent again stays where it counts as pending: in the outbox, lent.
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

  const isEmpty = (): boolean => again.length === 0 && outbox.waitingBytes() === 0

  return {
    next: (now) => {
      // To ask where to is to look for somebody who takes events: not while there are none.
      if (isEmpty()) return undefined
      const destination = options.destination()
      if (destination === undefined) return undefined
      turn = !turn
      return turn
        ? fresh(destination, now) ?? failed(destination, now)
        : failed(destination, now) ?? fresh(destination, now)
    },
    send: (payload) => payload.writer.send(payload.events),
    isEmpty,
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
          for (const item of payload.items) finish(item)
          if (payload.transfers === true) ledger.transferred += payload.items.length
          else ledger.deliveredIntake += payload.items.length
          return done
        }
        case "Retry":
          return later(payload, verdict.afterMillis, last)
        case "Ambiguous": {
          for (const item of payload.items) item.uncertain = true
          ledger.possibleDuplicates += payload.items.length
          if (payload.smallBefore !== undefined && payload.smallBefore < small && payload.items.length > 1 && !last) {
            failures++
            halve(payload)
            return { _tag: "Later", delayMillis: Backoff.delay(failures, options.random(), verdict.afterMillis) }
          }
          const doubtful = payload.bytes > suspiciousBytes ? { ...payload, smallBefore: small } : payload
          return later(doubtful, verdict.afterMillis, last)
        }
        case "Split": {
          if (payload.items.length > 1) halve(payload)
          else setAsideAll(payload, status === 413 ? "oversized" : "refused", status)
          return done
        }
        case "Refuse": {
          setAsideAll(payload, "refused", status)
          return done
        }
        case "Pause": {
          options.warn(
            "intake.paused",
            "The LLM intake refuses the credentials. Events are held; check DD_API_KEY and DD_SITE."
          )
          return later(payload, verdict.afterMillis ?? Backoff.bounds.most, last)
        }
        case "Rediscover": {
          options.onRediscover()
          return later(payload, undefined, last)
        }
      }
    }
  }
}
