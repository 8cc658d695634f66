/**
 * The LLM Observability events that reached the intake, by any route.
 *
 * **Details**
 *
 * An event that rode a trace is combined from the APM span and its `_llmobs` struct: ids, times and status are the
 * span's, names, links and content the struct's. Duplicates are kept: an event that came by both routes is listed
 * twice, as in Datadog.
 */
import * as BoundedLog from "./BoundedLog.ts"
import * as Intake from "./Intake.ts"
import type { JsonRecord } from "./Intake.ts"
import * as MsgpackReader from "./MsgpackReader.ts"
import * as TracePayload from "./TracePayload.ts"
import type { DecodedSpan, NormalisedChunk } from "./TracePayload.ts"

/**
 * One event. `via` is the route: on an APM trace, through the EVP proxy, or straight to the intake. `spanId` is decimal,
 * `apmTraceId` 32 hex digits; each is empty when the event does not say. `raw` is what it was made from: the decoded
 * struct, or the envelope.
 */
export interface ReceivedEvent {
  readonly via: "trace" | "evp" | "direct"
  readonly event: JsonRecord
  readonly spanId: string
  readonly traceId: string
  readonly apmTraceId: string
  readonly raw: JsonRecord
}

const idText = (u: unknown): string => typeof u === "string" ? u : ""

const hex64 = (value: bigint): string => value.toString(16).padStart(16, "0")

/** The 128-bit id of a chunk's trace. */
export const apmTraceId = (chunk: NormalisedChunk): string => hex64(chunk.traceIdHigh) + hex64(chunk.traceIdLow)

const own = (record: JsonRecord, key: string): unknown => Object.hasOwn(record, key) ? record[key] : undefined

const tagValue = (value: unknown): string => typeof value === "string" ? value : String(value)

const tags = (struct: JsonRecord, span: DecodedSpan): ReadonlyArray<string> => {
  const given = own(struct, "tags")
  const computed = new Map([["error", span.error === 0 ? "0" : "1"]])
  const errorType = own(span.meta, "error.type")
  if (typeof errorType === "string" && errorType !== "") {
    computed.set("error_type", errorType)
  }
  const all = Array.isArray(given)
    ? [...given.map(tagValue), ...Array.from(computed, ([key, value]) => `${key}:${value}`)]
    : Array.from(
      new Map([...(Intake.isRecord(given) ? Object.entries(given) : []), ...computed]),
      ([key, value]) => `${key}:${tagValue(value)}`
    )
  return all.sort()
}

const copied = ["session_id", "config", "span_links"] as const

/** The event that the backend makes of a span with the given struct. */
const fromStruct = (struct: JsonRecord, span: DecodedSpan, chunk: NormalisedChunk): ReceivedEvent => {
  const ofTrace = apmTraceId(chunk)
  const spanId = span.spanId.toString()
  const dd = own(struct, "_dd")
  const traceId = own(struct, "trace_id") ?? ofTrace
  const event: JsonRecord = {
    trace_id: traceId,
    span_id: spanId,
    parent_id: own(struct, "parent_id") ?? "undefined",
    name: own(struct, "name") ?? span.name,
    start_ns: MsgpackReader.exactInteger(span.start),
    duration: MsgpackReader.exactInteger(span.duration),
    status: span.error === 0 ? "ok" : "error",
    meta: own(struct, "meta") ?? {},
    metrics: own(struct, "metrics") ?? {},
    tags: tags(struct, span),
    _dd: { ...(Intake.isRecord(dd) ? dd : {}), span_id: spanId, trace_id: ofTrace, apm_trace_id: ofTrace },
    ...Object.fromEntries(copied.filter((key) => Object.hasOwn(struct, key)).map((key) => [key, struct[key]]))
  }
  return { via: "trace", event, spanId, traceId: idText(traceId), apmTraceId: ofTrace, raw: struct }
}

/** An event that was sent as such. */
const fromEnveloped = (via: "evp" | "direct", { envelope, event }: Intake.Enveloped): ReceivedEvent => {
  const dd = own(event, "_dd")
  return {
    via,
    event,
    spanId: idText(own(event, "span_id")),
    traceId: idText(own(event, "trace_id")),
    apmTraceId: Intake.isRecord(dd) ? idText(own(dd, "apm_trace_id")) : "",
    raw: envelope
  }
}

/** The bounded store of received events. */
export interface ReceivedEvents {
  /** Takes the events that ride on the surviving spans of a chunk. */
  readonly addTrace: (chunk: NormalisedChunk, survivors: ReadonlyArray<DecodedSpan>) => void
  /** Takes the events of a span body of the given size. */
  readonly addEnveloped: (via: "evp" | "direct", events: ReadonlyArray<Intake.Enveloped>, bytes: number) => void
  readonly all: () => ReadonlyArray<ReceivedEvent>
  /** Calls a listener with the events of each payload as they arrive, until what is given back is called. */
  readonly onEvents: (listener: (events: ReadonlyArray<ReceivedEvent>) => void) => () => void
  readonly counts: () => EventCounts
  readonly clear: () => void
}

/**
 * How many events came by each route since the last clear; structs that the intake could not read; events that gave way
 * to newer ones.
 */
export interface EventCounts {
  readonly trace: number
  readonly evp: number
  readonly direct: number
  readonly unreadableStructs: number
  readonly evicted: number
}

const noCounts = { trace: 0, evp: 0, direct: 0, unreadableStructs: 0 }

/** An empty store with the given bounds. */
export const make = (bounds: BoundedLog.Bounds): ReceivedEvents => {
  const log = BoundedLog.make<ReceivedEvent>(bounds)
  let counts = { ...noCounts }
  const listeners = new Set<(events: ReadonlyArray<ReceivedEvent>) => void>()
  const add = (received: ReceivedEvent, bytes: number): ReceivedEvent => {
    counts[received.via]++
    log.add(received, bytes)
    return received
  }
  const tell = (events: ReadonlyArray<ReceivedEvent>): void => {
    if (events.length === 0) return
    for (const listener of listeners) {
      try {
        listener(events)
      } catch {
        // The answer to the request does not depend on who listens.
      }
    }
  }
  return {
    addTrace: (chunk, survivors) => {
      const added: Array<ReceivedEvent> = []
      for (const span of survivors) {
        const packed = Object.hasOwn(span.metaStruct, "_llmobs") ? span.metaStruct["_llmobs"] : undefined
        if (packed === undefined) {
          continue
        }
        const struct = TracePayload.decodeStruct(packed)
        if (struct.ok) {
          added.push(add(fromStruct(struct.value, span, chunk), packed.byteLength))
        } else {
          counts.unreadableStructs++
        }
      }
      tell(added)
    },
    addEnveloped: (via, events, bytes) => {
      tell(events.map((enveloped) => add(fromEnveloped(via, enveloped), Math.ceil(bytes / events.length))))
    },
    all: log.all,
    onEvents: (listener) => {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    },
    counts: () => ({ ...counts, evicted: log.evicted() }),
    clear: () => {
      log.clear()
      counts = { ...noCounts }
    }
  }
}
