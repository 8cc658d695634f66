/**
 * Writes events as spans to an endpoint of OTLP over HTTP, in JSON: a Collector, an Agent, or Datadog's own intake.
 *
 * **Details**
 *
 * An answer is read like that of the LLM intake. A request that was taken in part cannot be sent again, because the answer
 * does not say which spans were refused: it is logged.
 */
import * as Effect from "effect/Effect"
import * as EventView from "../../domain/event/EventView.ts"
import * as SpanEvent from "../../domain/event/SpanEvent.ts"
import * as Truncation from "../../domain/event/Truncation.ts"
import * as WireFormat from "../../domain/event/WireFormat.ts"
import * as JsonFields from "../../domain/json/JsonFields.ts"
import type { JsonObject } from "../../domain/json/JsonSnapshot.ts"
import * as JsonText from "../../domain/json/JsonText.ts"
import * as OtlpSpan from "../../domain/otlp/OtlpSpan.ts"
import type { SpanRecord } from "../../domain/span/SpanRecord.ts"
import type { EncodedEvent, IntakeWriterService } from "../../ports/IntakeWriter.ts"
import type { Outcome, Target, TransportService } from "../../ports/Transport.ts"

export const make = (options: {
  readonly transport: TransportService
  readonly target: Target
  /** The whole path, such as `/v1/traces`. */
  readonly path: string
  readonly headers: { readonly [name: string]: string }
  readonly timeoutMillis: number
  readonly libraryVersion: string
  readonly maxEventBytes: number
  readonly maxPayloadBytes: number
  readonly onDefect: (error: unknown) => void
  /** Called with the number of spans that an answer refused of more. */
  readonly onRefused: (spans: number) => void
}): IntakeWriterService => ({
  maxPayloadBytes: options.maxPayloadBytes - frameBytes,
  encode: (record) => {
    try {
      return { bytes: encoded(record, options) }
    } catch (error) {
      options.onDefect(error)
      return undefined
    }
  },
  send: (events) =>
    Effect.map(
      options.transport.send({
        target: options.target,
        method: "POST",
        path: options.path,
        headers: { "dd-otlp-source": "llmobs", ...options.headers, "content-type": "application/json" },
        body: join(events),
        timeoutMillis: options.timeoutMillis
      }),
      (outcome) => judged(outcome, events.length, options.onRefused)
    )
})

const utf8 = new TextEncoder()

interface Limits {
  readonly libraryVersion: string
  readonly maxEventBytes: number
  readonly maxPayloadBytes: number
}

// Messages are JSON inside of JSON, so a text can be twice as long here as in the event, and the encoded span is measured.
const encoded = (record: SpanRecord, { libraryVersion, maxEventBytes, maxPayloadBytes }: Limits): Uint8Array => {
  const most = Math.min(maxEventBytes, maxPayloadBytes - frameBytes)
  const event = SpanEvent.render(record, WireFormat.table["llmobs-intake"])
  let small = record.bytes <= most ? event : Truncation.shrink(event, most).value
  let bytes = utf8.encode(JSON.stringify(spansOf(small, record, libraryVersion)))
  for (let attempt = 1; bytes.byteLength > most && attempt <= mostAttempts; attempt++) {
    // Estimated by proportion; the last attempt leaves the identity of the span.
    const share = attempt === mostAttempts ? 0 : most / bytes.byteLength
    small = Truncation.shrink(event, Math.floor(JsonText.byteLength(small) * share)).value
    bytes = utf8.encode(JSON.stringify(spansOf(small, record, libraryVersion)))
  }
  return bytes
}

const mostAttempts = 5

// Each event is a resource of its own, so that its size is known alone.
const spansOf = (
  event: Parameters<typeof EventView.fromEvent>[0],
  record: SpanRecord,
  libraryVersion: string
): JsonObject => {
  const view = EventView.fromEvent(event, "direct")
  return {
    resource: { attributes: OtlpSpan.resource(view) as never },
    scopeSpans: [{ scope: { name: "effect-llmobs", version: libraryVersion }, spans: [OtlpSpan.make(view, record)] }]
  }
}

const head = utf8.encode("{\"resourceSpans\":[")
const tail = utf8.encode("]}")
const comma = 0x2c
const frameBytes = head.byteLength + tail.byteLength

const join = (events: ReadonlyArray<EncodedEvent>): Uint8Array => {
  const separators = Math.max(0, events.length - 1)
  const body = new Uint8Array(events.reduce((size, { bytes }) => size + bytes.byteLength, frameBytes + separators))
  body.set(head)
  let offset = head.byteLength
  events.forEach(({ bytes }, i) => {
    if (i > 0) body[offset++] = comma
    body.set(bytes, offset)
    offset += bytes.byteLength
  })
  body.set(tail, offset)
  return body
}

// A success can refuse spans in its body.
const judged = (outcome: Outcome, sent: number, onRefused: (spans: number) => void): Outcome => {
  if (outcome._tag !== "Answer" || outcome.status >= 300) return outcome
  const refused = Number(
    JsonFields.first(JsonFields.object(parsed(outcome.body), "partialSuccess"), "rejectedSpans") ?? 0
  )
  if (!(refused > 0)) return outcome
  if (refused >= sent) return { ...outcome, status: 400 }
  onRefused(refused)
  return outcome
}

const parsed = (body: string | Uint8Array | undefined): JsonObject | undefined => {
  try {
    return JSON.parse(typeof body === "string" ? body : new TextDecoder().decode(body)) as JsonObject
  } catch {
    return undefined
  }
}
