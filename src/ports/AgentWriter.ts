/**
 * The port to whoever takes APM traces.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { SpanRecord } from "../domain/span/SpanRecord.ts"
import type { TraceChunk } from "../domain/trace/TraceChunk.ts"
import type { Outcome } from "./Transport.ts"

/**
 * A chunk in the form in which it is sent.
 *
 * @category models
 * @since 0.1.0
 */
export interface EncodedChunk {
  readonly chunk: TraceChunk
  readonly bytes: Uint8Array
}

/**
 * Encodes and sends trace chunks. `encode` is synchronous and total: it gives `undefined` for a chunk that cannot be
 * encoded. `maxPayloadBytes` bounds one request.
 *
 * @category services
 * @since 0.1.0
 */
export class AgentWriter extends Context.Service<AgentWriter, {
  readonly maxPayloadBytes: number
  /** The exact size in bytes of a record's packed struct. */
  readonly structBytes: (record: SpanRecord) => number
  readonly encode: (chunk: TraceChunk) => EncodedChunk | undefined
  readonly send: (chunks: ReadonlyArray<EncodedChunk>) => Effect.Effect<Outcome>
}>()("effect-llmobs/ports/AgentWriter") {}
