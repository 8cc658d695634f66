/**
 * A writer of APM traces of your own: traces go where you send them, and no Agent is searched for.
 *
 * **Details**
 *
 * Provide one to `LLMObs.layer`. It takes traces from the start, in the mode `apm-agent`, and an event rides its trace
 * unless sampling rejects that trace. Other events go to the LLM intake as always, or to an `IntakeWriter` of your own.
 *
 * A writer may fail in any way, and its events stay counted: after an unusable outcome they go to the intake and count
 * as possible duplicates.
 *
 * **Example** (Traces kept in memory)
 *
 * ```ts import.meta.vitest
 * import * as AgentWriter from "effect-llmobs/AgentWriter"
 * import * as LLMObs from "effect-llmobs/LLMObs"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * const payloads: Array<Uint8Array> = []
 * const Writer = AgentWriter.layer({ write: (payload) => Effect.sync(() => payloads.push(payload)) })
 * const Live = LLMObs.layer({ mlApp: "shop" }).pipe(Layer.provide(Writer))
 *
 * await Effect.runPromise(Effect.void.pipe(LLMObs.llm("chat"), Effect.provide(Live)))
 * payloads.length // => 1
 * ```
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as V04 from "../adapters/agent/V04.ts"
import * as WireFormat from "../domain/event/WireFormat.ts"
import type { SpanRecord } from "../domain/span/SpanRecord.ts"
import type { TraceChunk } from "../domain/trace/TraceChunk.ts"
import type { AgentWriterService, EncodedChunk } from "../ports/AgentWriter.ts"
import { AgentWriter, defaultMaxPayloadBytes } from "../ports/AgentWriter.ts"
import type { Outcome } from "../ports/Transport.ts"
import * as Written from "../ports/Written.ts"

export {
  /**
   * The writer of traces that a layer uses instead of its own.
   *
   * @category services
   * @since 0.2.0
   */
  AgentWriter
}

export type {
  /**
   * Encodes and sends trace chunks.
   *
   * @category models
   * @since 0.2.0
   */
  AgentWriterService,
  /**
   * An encoded chunk. A writer may keep more beside the bytes, because it gets the same object back.
   *
   * @category models
   * @since 0.2.0
   */
  EncodedChunk,
  /**
   * The outcome of a request: an answer, or the failure to get one.
   *
   * @category models
   * @since 0.2.0
   */
  Outcome,
  /**
   * The record of a finished span. Times are in nanoseconds.
   *
   * @category models
   * @since 0.2.0
   */
  SpanRecord,
  /**
   * The spans of a chunk, each with the record that rides it.
   *
   * @category models
   * @since 0.2.0
   */
  TraceChunk
}

/**
 * The write function of a writer, and its limit.
 *
 * @category models
 * @since 0.2.0
 */
export interface Options {
  /**
   * Takes one payload: the body of a `POST /v0.4/traces`, in MessagePack, with its number of traces. Success means that
   * it was taken, unless its value is an {@link Outcome}, which is then used. A failure means that it may or may not
   * have been taken.
   */
  readonly write: (payload: Uint8Array, traces: number) => Effect.Effect<unknown, unknown>
  /** The largest payload in bytes. A single trace may be larger. Default: 8 MiB. */
  readonly maxPayloadBytes?: number | undefined
}

/**
 * Makes a writer that receives payloads in the Agent's format.
 *
 * **When to use**
 *
 * Use it if the receiver speaks the Agent's protocol. For another format, give an {@link AgentWriterService} to
 * `Layer.succeed(AgentWriter.AgentWriter, …)`.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = ({ maxPayloadBytes, write }: Options): AgentWriterService => {
  const format = WireFormat.table["trace-agent"]
  return {
    maxPayloadBytes: maxPayloadBytes ?? defaultMaxPayloadBytes,
    structBytes: (record) => V04.packStruct(record, format).byteLength,
    encode: (chunk) => ({ bytes: V04.packChunk(chunk, format) }),
    send: (chunks) =>
      Written.outcome(Effect.suspend(() => write(V04.payload(chunks.map(({ bytes }) => bytes)), chunks.length)))
  }
}

/**
 * Provides the writer to `LLMObs.layer`.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (options: Options): Layer.Layer<AgentWriter> => Layer.sync(AgentWriter, () => make(options))
