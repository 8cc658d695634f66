/**
 * The port to the LLM intake: through the Agent's EVP proxy, direct, or whatever a program gives instead.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { SpanRecord } from "../domain/span/SpanRecord.ts"
import type { Outcome } from "./Transport.ts"

/**
 * An event in the form in which it is sent, its envelope included. A writer may keep more beside the bytes: it gets the
 * same object back, also when the event is sent again.
 *
 * @category models
 * @since 0.1.0
 */
export interface EncodedEvent {
  readonly bytes: Uint8Array
}

/**
 * Encodes and sends span events. `account` is the name of the account that an event is for, and `undefined` for the
 * layer's own; one request never mixes accounts.
 *
 * @category models
 * @since 0.1.0
 */
export interface IntakeWriterService<R = SpanRecord> {
  /** The bytes of one request at most, with one byte an event and one more for punctuation. */
  readonly maxPayloadBytes: number
  /**
   * Encodes one event. Synchronous and total: an event over the event limit is shrunk, and one that cannot be encoded gives
   * `undefined`, which drops it (`failed`).
   */
  readonly encode: (record: R, account: string | undefined) => EncodedEvent | undefined
  /** Sends events in one request. It does not fail: the outcome says what became of them. */
  readonly send: (events: ReadonlyArray<EncodedEvent>, account: string | undefined) => Effect.Effect<Outcome>
}

/**
 * The writer of events that a layer uses instead of its own, where the context that it is built in has one.
 *
 * @category services
 * @since 0.1.0
 */
export class IntakeWriter extends Context.Service<IntakeWriter, IntakeWriterService>()(
  "effect-llmobs/IntakeWriter"
) {}
