/**
 * A writer of APM traces of your own: what rides traces goes where you send it, and no Agent is looked for.
 *
 * **Details**
 *
 * Provide one to `LLMObs.layer`. It counts as a carrier that is known: traces go to it from the first moment on, in the
 * mode `apm-agent`, and an event rides its trace unless that trace is rejected by sampling. Events that do not ride go to
 * the LLM intake as always, or to an `IntakeWriter` of your own.
 *
 * A writer may fail in any way. Its events stay in the books: those of a sending without a usable outcome go to the intake
 * and count as possible duplicates.
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
   * @category services
   * @since 0.2.0
   */
  AgentWriter
}

export type {
  /**
   * @category models
   * @since 0.2.0
   */
  AgentWriterService,
  /**
   * @category models
   * @since 0.2.0
   */
  EncodedChunk,
  /**
   * @category models
   * @since 0.2.0
   */
  Outcome,
  /**
   * @category models
   * @since 0.2.0
   */
  SpanRecord,
  /**
   * @category models
   * @since 0.2.0
   */
  TraceChunk
}

/**
 * @category models
 * @since 0.2.0
 */
export interface Options {
  /**
   * Takes one payload: the body of a `POST /v0.4/traces`, in MessagePack, with its number of traces. Success says that it
   * was taken; success with an {@link Outcome} says what that says; a failure, that it may or may not have been taken.
   */
  readonly write: (payload: Uint8Array, traces: number) => Effect.Effect<unknown, unknown>
  /** The bytes of one payload at most; one trace alone may be larger. Default 8 MiB. */
  readonly maxPayloadBytes?: number | undefined
}

/**
 * Makes a writer that hands over payloads as an Agent would get them.
 *
 * **When to use**
 *
 * Use it where the bytes go on to something that speaks the Agent's protocol. For a form of your own, give an
 * {@link AgentWriterService} to `Layer.succeed(AgentWriter.AgentWriter, …)`.
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
 * Provide it to `LLMObs.layer`.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (options: Options): Layer.Layer<AgentWriter> => Layer.sync(AgentWriter, () => make(options))
