/**
 * The port to the receiver of APM traces: an Agent, or a program's own writer.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { SpanRecord } from "../domain/span/SpanRecord.ts"
import type { TraceChunk } from "../domain/trace/TraceChunk.ts"
import type { Outcome } from "./Transport.ts"

/**
 * An encoded chunk. A writer may keep more beside the bytes, because it gets the same object back.
 *
 * @category models
 * @since 0.1.0
 */
export interface EncodedChunk {
  readonly bytes: Uint8Array
}

/**
 * The default limit of one request: 8 MiB.
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
  /** The largest request in bytes. A larger chunk is sent alone. */
  readonly maxPayloadBytes: number
  /** The exact size of a record's packed struct in bytes. Above 1 MB its event takes the other road. */
  readonly structBytes: (record: SpanRecord) => number
  /**
   * Encodes one chunk. It is synchronous and never throws. `undefined` means that the chunk cannot be encoded; its
   * events then go to the intake.
   */
  readonly encode: (chunk: TraceChunk) => EncodedChunk | undefined
  /** Sends chunks in one request. It does not fail: failures are outcomes. */
  readonly send: (chunks: ReadonlyArray<EncodedChunk>) => Effect.Effect<Outcome>
}

/**
 * The writer of traces that a layer uses instead of its own, if the context in which it is built has one.
 *
 * @category services
 * @since 0.1.0
 */
export class AgentWriter extends Context.Service<AgentWriter, AgentWriterService>()("effect-llmobs/AgentWriter") {}
