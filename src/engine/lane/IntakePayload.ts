/**
 * The payloads of the lane to the LLM intake: events packed for one request.
 */
import type * as DeliveryVerdict from "../../domain/delivery/DeliveryVerdict.ts"
import type { SpanRecord } from "../../domain/span/SpanRecord.ts"
import type { EncodedEvent, IntakeWriterService } from "../../ports/IntakeWriter.ts"
import type { Item, OutboxService } from "../../ports/Outbox.ts"

/** What leaves in one request. */
export interface Payload<R = SpanRecord> {
  readonly items: ReadonlyArray<Item<R>>
  readonly events: ReadonlyArray<EncodedEvent>
  readonly bytes: number
  readonly writer: IntakeWriterService<R>
  readonly endpoint: DeliveryVerdict.Endpoint
  readonly transfers?: boolean | undefined
  /** How many small payloads had been delivered when the fate of this large one was last unknown. */
  readonly smallBefore?: number | undefined
  /** Whether an Agent answered that it does not have the place to send this to. */
  readonly rediscovered?: boolean | undefined
}

/**
 * Where events go now. `transfers` says that a queue of relays takes them there instead of the intake: they count as
 * transferred.
 */
export interface Destination<R = SpanRecord> {
  readonly writer: IntakeWriterService<R>
  readonly endpoint: "agent-evp" | "intake"
  readonly transfers?: boolean | undefined
}

/** Packs the events of one outbox. */
export interface Packer<R = SpanRecord> {
  /** Packs the events that wait, the oldest first. */
  readonly fresh: (to: Destination<R>, now: number) => Payload<R> | undefined
  /** Packs again what was packed for another destination, or holds an event that is too old by now. */
  readonly repack: (payload: Payload<R>, to: Destination<R>, now: number) => Payload<R> | undefined
}

// Counts "[" only; each event's size includes its trailing "," or "]".
const brackets = 1

/**
 * Makes a packer. An event that does not go into a payload is given to one of the callbacks, which settle it.
 */
export const packer = <R = SpanRecord>(options: {
  readonly outbox: Pick<OutboxService<R>, "take" | "restore">
  /** The name of the account, `undefined` for the layer's own. */
  readonly account: string | undefined
  /** A payload is closed when it has this many bytes, well under what the writer allows. */
  readonly targetBytes: number
  readonly maxAgeMillis: number
  readonly onExpired: (item: Item<R>) => void
  readonly onOversized: (item: Item<R>, event: EncodedEvent) => void
  readonly onFailed: (item: Item<R>) => void
}): Packer<R> => {
  const { account, onExpired, onFailed, onOversized, outbox } = options

  const isExpired = (item: Item<R>, now: number): boolean => now - item.offeredAt > options.maxAgeMillis

  // The event of an item, if it can be sent at all.
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
      if (payload.writer === to.writer && !payload.items.some((item) => isExpired(item, now))) return payload
      const items: Array<Item<R>> = []
      const events: Array<EncodedEvent> = []
      for (const item of payload.items) {
        const event = encoded(item, to.writer, now)
        if (event === undefined) continue
        items.push(item)
        events.push(event)
      }
      return items.length === 0 ? undefined : { items, events, bytes: size(events), ...to }
    }
  }
}

/** Cuts a payload in two, so that what is wrong with one event costs the others nothing. */
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
