/**
 * Writers to memory. Both encode events as in production and keep those that are delivered.
 */
import * as Effect from "effect/Effect"
import * as V04 from "../adapters/agent/V04.ts"
import * as Envelope from "../domain/event/Envelope.ts"
import * as IntakeBody from "../domain/event/IntakeBody.ts"
import * as SpanEvent from "../domain/event/SpanEvent.ts"
import * as WireFormat from "../domain/event/WireFormat.ts"
import type { JsonObject } from "../domain/json/JsonSnapshot.ts"
import type { Passage } from "../domain/observed/ObservedSpan.ts"
import * as ObservedSpan from "../domain/observed/ObservedSpan.ts"
import type { SpanRecord } from "../domain/span/SpanRecord.ts"
import type { TraceChunk } from "../domain/trace/TraceChunk.ts"
import * as TraceChunks from "../domain/trace/TraceChunk.ts"
import type { AgentWriterService, EncodedChunk } from "../ports/AgentWriter.ts"
import { defaultMaxPayloadBytes } from "../ports/AgentWriter.ts"
import type { EncodedEvent, IntakeWriterService } from "../ports/IntakeWriter.ts"
import type { Outcome } from "../ports/Transport.ts"
import { libraryVersion } from "./Version.ts"

/** Takes a delivered span. */
export type Keep = (span: ObservedSpan.ObservedSpan) => void

const taken: Outcome = { _tag: "Answer", status: 200, headers: {}, body: "" }

// An event is the same on both roads, so both are read from the intake's form.
const observed = (json: string, passage: Passage): ObservedSpan.ObservedSpan => {
  const envelope = JSON.parse(json) as { readonly spans: readonly [JsonObject] }
  return ObservedSpan.fromEvent(envelope.spans[0], passage)
}

/** The writer of traces: it keeps the events that ride them. */
export const agentWriter = (keep: Keep): AgentWriterService => {
  const chunks = new WeakMap<EncodedChunk, TraceChunk>()
  const format = WireFormat.table["trace-agent"]
  const ride = (record: SpanRecord): void => {
    const event = SpanEvent.render(record, WireFormat.table["llmobs-intake"])
    const json = Envelope.encode(Envelope.make(event, libraryVersion))
    keep(observed(json, { route: "trace", parentSource: record.context.parentSource }))
  }
  return {
    maxPayloadBytes: defaultMaxPayloadBytes,
    structBytes: (record) => V04.packStruct(record, format).byteLength,
    encode: (chunk) => {
      const encoded = { bytes: V04.packChunk(chunk, format) }
      chunks.set(encoded, chunk)
      return encoded
    },
    send: (sent) =>
      Effect.sync(() => {
        for (const encoded of sent) TraceChunks.riders(chunks.get(encoded)!).forEach(ride)
        return taken
      })
  }
}

/** The writer of events. */
export const intakeWriter = (keep: Keep): IntakeWriterService => {
  const records = new WeakMap<EncodedEvent, SpanRecord>()
  const utf8 = new TextDecoder()
  return {
    maxPayloadBytes: IntakeBody.maxBytes,
    encode: (record) => {
      const encoded = { bytes: IntakeBody.encode(record, WireFormat.table["llmobs-intake"], { libraryVersion }) }
      records.set(encoded, record)
      return encoded
    },
    send: (events, account) =>
      Effect.sync(() => {
        for (const event of events) {
          const parentSource = records.get(event)?.context.parentSource
          keep(observed(utf8.decode(event.bytes), { route: "intake", account, parentSource }))
        }
        return taken
      })
  }
}
