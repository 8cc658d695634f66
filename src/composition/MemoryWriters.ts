/**
 * Writers to memory. Both encode events as in production and keep those that are delivered.
 */
import * as Effect from "effect/Effect"
import * as V04 from "../adapters/agent/V04.ts"
import * as EventView from "../domain/event/EventView.ts"
import * as IntakeBody from "../domain/event/IntakeBody.ts"
import * as SpanEvent from "../domain/event/SpanEvent.ts"
import * as WireFormat from "../domain/event/WireFormat.ts"
import type { ObservedSpan } from "../domain/observed/ObservedSpan.ts"
import type { SpanRecord } from "../domain/span/SpanRecord.ts"
import type { TraceChunk } from "../domain/trace/TraceChunk.ts"
import * as TraceChunks from "../domain/trace/TraceChunk.ts"
import type { AgentWriterService, EncodedChunk } from "../ports/AgentWriter.ts"
import { defaultMaxPayloadBytes } from "../ports/AgentWriter.ts"
import type { EncodedEvent, IntakeWriterService } from "../ports/IntakeWriter.ts"
import type { Outcome } from "../ports/Transport.ts"
import { libraryVersion } from "./Version.ts"

/** Takes a delivered span. */
export type Keep = (span: ObservedSpan) => void

const taken: Outcome = { _tag: "Answer", status: 200, headers: {}, body: "" }

/** The writer of traces: it keeps the events that ride them. */
export const agentWriter = (keep: Keep): AgentWriterService => {
  const chunks = new WeakMap<EncodedChunk, TraceChunk>()
  const format = WireFormat.table["trace-agent"]
  const ride = (record: SpanRecord): void => {
    // An event is the same on both roads, so it is read from the form that the intake gets.
    const event = SpanEvent.render(record, WireFormat.table["llmobs-intake"])
    keep({ ...EventView.fromEvent(event, "trace"), parentSource: record.context.parentSource, account: undefined })
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
          const envelope = JSON.parse(utf8.decode(event.bytes)) as { readonly spans: readonly [unknown] }
          const parentSource = records.get(event)?.context.parentSource
          keep({ ...EventView.fromEvent(envelope.spans[0], "direct"), parentSource, account })
        }
        return taken
      })
  }
}
