/**
 * The payloads of the lane to the LLM intake: events packed for one request.
 */
import type * as DeliveryVerdict from "../../domain/delivery/DeliveryVerdict.ts"
import type { SpanRecord } from "../../domain/span/SpanRecord.ts"
import type { EncodedEvent, IntakeWriterService } from "../../ports/IntakeWriter.ts"
import type { Item, OutboxService } from "../../ports/Outbox.ts"
import * as PackingPace from "./PackingPace.ts"

/** The steps in which a large event is encoded. The last one gives the event. */
export type Steps = Iterator<void, EncodedEvent | undefined>

/** A writer that can encode large events in short steps, so that none holds up a turn of the event loop. */
export interface StepWriter<R = SpanRecord> extends IntakeWriterService<R> {
  /**
   * Begins the steps of an event, without a first one. `undefined` means that the event is small, and `encode` takes it.
   * Events can be encoded and sent between two steps.
   */
  readonly encodeSteps?: ((record: R, account: string | undefined) => Steps | undefined) | undefined
}

/** The content of one request. */
export interface Payload<R = SpanRecord> {
  readonly items: ReadonlyArray<Item<R>>
  readonly events: ReadonlyArray<EncodedEvent>
  readonly bytes: number
  readonly writer: StepWriter<R>
  readonly endpoint: DeliveryVerdict.Endpoint
  readonly transfers?: boolean | undefined
  /** The number of small payloads delivered before the outcome of this large one was last ambiguous. */
  readonly smallBefore?: number | undefined
  /** Whether an Agent answered that it does not have this endpoint. */
  readonly rediscovered?: boolean | undefined
}

/**
 * The present destination of events. `transfers` means that a queue of relays takes them instead of the intake, so they
 * count as transferred.
 */
export interface Destination<R = SpanRecord> {
  readonly writer: StepWriter<R>
  readonly endpoint: "agent-evp" | "intake"
  readonly transfers?: boolean | undefined
}

/** Packs the events of one outbox. */
export interface Packer<R = SpanRecord> {
  /**
   * Packs a slice of the waiting events, the oldest first: at least one, until the slice `isOver`. Returns whether the payload
   * needs another slice.
   */
  readonly fill: (to: Destination<R>, now: number, isOver: () => boolean) => boolean
  /** Packs the rest of the payload. */
  readonly fresh: (to: Destination<R>, now: number) => Payload<R> | undefined
  /** Whether a part of a payload is packed. */
  readonly isPacking: () => boolean
  /** Packs the events of a payload for a new destination, and drops those that are too old by now. */
  readonly repack: (payload: Payload<R>, to: Destination<R>, now: number) => Payload<R> | undefined
}

/** A payload that is packed in slices. */
interface Open<R> {
  readonly to: Destination<R>
  readonly items: Array<Item<R>>
  readonly events: Array<EncodedEvent>
  bytes: number
}

// Counts "[" only; each event's size includes its trailing "," or "]".
const brackets = 1

/**
 * Makes a packer. An event that cannot be packed is passed to one of the callbacks, which settle it.
 */
export const packer = <R = SpanRecord>(options: {
  readonly outbox: Pick<OutboxService<R>, "take" | "restore">
  /** The name of the account. `undefined` for the layer's own. */
  readonly account: string | undefined
  /** The size in bytes at which a payload is closed, well under the writer's limit. */
  readonly targetBytes: number
  readonly maxAgeMillis: number
  /** Prepares a record for its encoding, until the slice `isOver`. Returns whether it is ready, and time is left. */
  readonly prepare?: ((isOver: () => boolean, record: R) => boolean) | undefined
  readonly onExpired: (item: Item<R>) => void
  readonly onOversized: (item: Item<R>, event: EncodedEvent) => void
  readonly onFailed: (item: Item<R>) => void
}): Packer<R> => {
  const { account, onExpired, onFailed, onOversized, outbox } = options

  const isExpired = (item: Item<R>, now: number): boolean => now - item.offeredAt > options.maxAgeMillis

  const large = makeSteps<R>(account)

  // The bytes that the event of an item takes in a payload, 0 if it could not be encoded or cannot be sent.
  const sizeOf = (item: Item<R>, event: EncodedEvent | undefined, most: number): number => {
    if (event === undefined) {
      onFailed(item)
      return 0
    }
    const bytes = event.bytes.byteLength + 1
    if (brackets + bytes <= most) return bytes
    onOversized(item, event)
    return 0
  }

  let open: Open<R> | undefined

  // One without an event is begun again, since it may have been for another destination.
  const packing = (to: Destination<R>): Open<R> =>
    open === undefined || open.items.length === 0 ? { to, items: [], events: [], bytes: brackets } : open

  // Returns whether the payload needs more.
  const add = (into: Open<R>, now: number, isOver: () => boolean): boolean => {
    const { events, items, to: { writer } } = into
    for (let taken = 0; into.bytes < options.targetBytes; taken++) {
      if (taken > 0 && isOver()) return true
      const item = outbox.take()
      if (item === undefined) return false
      if (isExpired(item, now)) {
        onExpired(item)
        continue
      }
      if (options.prepare?.(isOver, item.record) === false) {
        outbox.restore(item)
        return true
      }
      const steps = large.of(item, writer)
      let event: EncodedEvent | undefined
      if (steps === undefined) event = writer.encode(item.record, account)
      else {
        // An event in a buffer of its own is the body of its request without a copy, if no other one stands before it.
        const step = items.length > 0 ? undefined : large.take(item, steps, isOver)
        if (step?.done !== true) {
          outbox.restore(item)
          return step !== undefined
        }
        event = step.value
      }
      const bytes = sizeOf(item, event, writer.maxPayloadBytes)
      if (event === undefined || bytes === 0) continue
      if (into.bytes + bytes > writer.maxPayloadBytes) {
        outbox.restore(item)
        return false
      }
      items.push(item)
      events.push(event)
      into.bytes += bytes
    }
    return false
  }

  return {
    fill: (to, now, isOver) => {
      open = packing(to)
      // For another destination it is as good as full.
      return open.to.writer === to.writer && add(open, now, isOver)
    },
    fresh: (to, now) => {
      const into = packing(to)
      open = undefined
      if (into.to.writer === to.writer) add(into, now, PackingPace.unlimited)
      const { bytes, events, items } = into
      return items.length === 0 ? undefined : { items, events, bytes, ...into.to }
    },
    isPacking: () => open !== undefined && open.items.length > 0,
    repack: (payload, to, now) => {
      const isSameWriter = payload.writer === to.writer
      if (isSameWriter && !payload.items.some((item) => isExpired(item, now))) return payload
      const items: Array<Item<R>> = []
      const events: Array<EncodedEvent> = []
      for (const item of payload.items) {
        if (isExpired(item, now)) {
          onExpired(item)
          continue
        }
        const event = to.writer.encode(item.record, account)
        const bytes = sizeOf(item, event, to.writer.maxPayloadBytes)
        if (event === undefined || bytes === 0) continue
        items.push(item)
        events.push(event)
      }
      if (items.length === 0) return undefined
      const rediscovered = isSameWriter && payload.rediscovered
      return { items, events, bytes: size(events), ...to, rediscovered }
    }
  }
}

// The large events that are encoded in slices. Those of several sources can take turns.
const makeSteps = <R>(account: string | undefined) => {
  const begun = new WeakMap<Item<R>, readonly [writer: StepWriter<R>, steps: Steps]>()
  return {
    /** The steps of an item, if it is large. They go on where they were left. */
    of: (item: Item<R>, writer: StepWriter<R>): Steps | undefined => {
      const steps = writer.encodeSteps?.(item.record, account)
      if (steps === undefined) return undefined
      const known = begun.get(item)
      if (known?.[0] === writer) return known[1]
      begun.set(item, [writer, steps])
      return steps
    },
    /** Takes steps until the slice `isOver`, at least one. Returns the last of them. */
    take: (item: Item<R>, steps: Steps, isOver: () => boolean): IteratorResult<void, EncodedEvent | undefined> => {
      for (;;) {
        const step = steps.next()
        if (step.done === true) begun.delete(item)
        if (step.done === true || isOver()) return step
      }
    }
  }
}

/** Cuts a payload in two, so that a fault of one event does not lose the others. */
export const halves = <R>(payload: Payload<R>): readonly [Payload<R>, Payload<R>] => {
  const middle = payload.items.length >> 1
  return [part(payload, 0, middle), part(payload, middle, payload.items.length)]
}

const part = <R>(payload: Payload<R>, from: number, to: number): Payload<R> => {
  const events = payload.events.slice(from, to)
  return { ...payload, smallBefore: undefined, items: payload.items.slice(from, to), events, bytes: size(events) }
}

const size = (events: ReadonlyArray<EncodedEvent>): number =>
  events.reduce((sum, event) => sum + event.bytes.byteLength + 1, brackets)
