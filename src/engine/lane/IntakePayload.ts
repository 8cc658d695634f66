/**
 * The payloads of the lane to the LLM intake: events packed for one request.
 */
import type * as DeliveryVerdict from "../../domain/delivery/DeliveryVerdict.ts"
import type { SpanRecord } from "../../domain/span/SpanRecord.ts"
import type { EncodedEvent, IntakeWriterService } from "../../ports/IntakeWriter.ts"
import type { Item, OutboxService } from "../../ports/Outbox.ts"

/** The content of one request. */
export interface Payload<R = SpanRecord> {
  readonly items: ReadonlyArray<Item<R>>
  readonly events: ReadonlyArray<EncodedEvent>
  readonly bytes: number
  readonly writer: IntakeWriterService<R>
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
  readonly writer: IntakeWriterService<R>
  readonly endpoint: "agent-evp" | "intake"
  readonly transfers?: boolean | undefined
}

/** Packs the events of one outbox. */
export interface Packer<R = SpanRecord> {
  /** Packs the waiting events, the oldest first. */
  readonly fresh: (to: Destination<R>, now: number) => Payload<R> | undefined
  /** Packs the events of a payload for a new destination, and drops those that are too old by now. */
  readonly repack: (payload: Payload<R>, to: Destination<R>, now: number) => Payload<R> | undefined
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
  readonly onExpired: (item: Item<R>) => void
  readonly onOversized: (item: Item<R>, event: EncodedEvent) => void
  readonly onFailed: (item: Item<R>) => void
}): Packer<R> => {
  const { account, onExpired, onFailed, onOversized, outbox } = options

  const isExpired = (item: Item<R>, now: number): boolean => now - item.offeredAt > options.maxAgeMillis

  // Encodes the event of an item, if it can be sent at all.
  const encoded = (item: Item<R>, writer: IntakeWriterService<R>, now: number): EncodedEvent | undefined => {
    if (isExpired(item, now)) {
      onExpired(item)
      return undefined
    }
    const event = writer.encode(item.record, account)
    if (event === undefined) onFailed(item)
    else if (brackets + event.bytes.byteLength + 1 <= writer.maxPayloadBytes) return event
    else onOversized(item, event)
    return undefined
  }

  return {
    fresh: (to, now) => {
      const { writer } = to
      const items: Array<Item<R>> = []
      const events: Array<EncodedEvent> = []
      let bytes = brackets
      while (bytes < options.targetBytes) {
        const item = outbox.take()
        if (item === undefined) break
        const event = encoded(item, writer, now)
        if (event === undefined) continue
        if (bytes + event.bytes.byteLength + 1 > writer.maxPayloadBytes) {
          outbox.restore(item)
          break
        }
        items.push(item)
        events.push(event)
        bytes += event.bytes.byteLength + 1
      }
      return items.length === 0 ? undefined : { items, events, bytes, ...to }
    },
    repack: (payload, to, now) => {
      const isSameWriter = payload.writer === to.writer
      if (isSameWriter && !payload.items.some((item) => isExpired(item, now))) return payload
      const items: Array<Item<R>> = []
      const events: Array<EncodedEvent> = []
      for (const item of payload.items) {
        const event = encoded(item, to.writer, now)
        if (event === undefined) continue
        items.push(item)
        events.push(event)
      }
      if (items.length === 0) return undefined
      const rediscovered = isSameWriter && payload.rediscovered
      return { items, events, bytes: size(events), ...to, rediscovered }
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
