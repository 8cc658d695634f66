/**
 * The port to the one that takes APM traces: an Agent, or whatever a program gives instead.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { SpanRecord } from "../domain/span/SpanRecord.ts"
import type { TraceChunk } from "../domain/trace/TraceChunk.ts"
import type { Outcome } from "./Transport.ts"

/**
 * A chunk in the form in which it is sent. A writer may keep more beside the bytes: it gets the same object back.
 *
 * @category models
 * @since 0.1.0
 */
export interface EncodedChunk {
  readonly bytes: Uint8Array
}

/**
 * The bytes of one request at most, where a writer says nothing else: 8 MiB.
 *
 * @category constants
 * @since 0.2.0
 */
export const defaultMaxPayloadBytes = 8 * 1024 * 1024

/**
 * Encodes and sends trace chunks.
 *
 * @category models
 * @since 0.2.0
 */
export interface AgentWriterService {
  /** The bytes of one request at most; a chunk that is larger than that leaves alone. */
  readonly maxPayloadBytes: number
  /** The exact size in bytes of a record's packed struct: above 1 MB its event takes the other road. */
  readonly structBytes: (record: SpanRecord) => number
  /**
   * Encodes one chunk. Synchronous and total; `undefined` says that the chunk cannot be encoded, and its events then go to
   * the intake.
   */
  readonly encode: (chunk: TraceChunk) => EncodedChunk | undefined
  /** Sends chunks in one request. It does not fail: the outcome says what became of them. */
  readonly send: (chunks: ReadonlyArray<EncodedChunk>) => Effect.Effect<Outcome>
}

/**
 * The writer of traces that a layer uses instead of its own, where the context that it is built in has one.
 *
 * @category services
 * @since 0.1.0
 */
export class AgentWriter extends Context.Service<AgentWriter, AgentWriterService>()("effect-llmobs/AgentWriter") {}
