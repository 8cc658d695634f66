/**
 * The port to the LLM intake, through the Agent's EVP proxy or direct.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { SpanRecord } from "../domain/span/SpanRecord.ts"
import type { Outcome } from "./Transport.ts"

/**
 * An event in the form in which it is sent, its envelope included.
 *
 * @category models
 * @since 0.1.0
 */
export interface EncodedEvent {
  readonly bytes: Uint8Array
}

/**
 * Encodes and sends span events. `encode` is synchronous and total: an event over the event limit is shrunk, one that
 * cannot be encoded gives `undefined`. `maxPayloadBytes` bounds the body of one request, punctuation included.
 *
 * @category services
 * @since 0.1.0
 */
export interface IntakeWriterService<R = SpanRecord> {
  readonly maxPayloadBytes: number
  readonly encode: (record: R) => EncodedEvent | undefined
  readonly send: (events: ReadonlyArray<EncodedEvent>) => Effect.Effect<Outcome>
}

/**
 * @category services
 * @since 0.1.0
 */
export class IntakeWriter extends Context.Service<IntakeWriter, IntakeWriterService>()(
  "effect-llmobs/ports/IntakeWriter"
) {}
