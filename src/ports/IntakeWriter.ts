/**
 * The port to the LLM intake: through the Agent's EVP proxy, direct, or a program's own writer.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { SpanRecord } from "../domain/span/SpanRecord.ts"
import type { Outcome } from "./Transport.ts"

/**
 * An encoded event, including its envelope. A writer may keep more beside the bytes, because it gets the same object
 * back, even when the event is sent again.
 *
 * @category models
 * @since 0.1.0
 */
export interface EncodedEvent {
  readonly bytes: Uint8Array
}

/**
 * Encodes and sends span events. `account` is the name of the account of an event, `undefined` for the layer's own. One
 * request never mixes accounts.
 *
 * @category models
 * @since 0.1.0
 */
export interface IntakeWriterService<R = SpanRecord> {
  /** The largest request in bytes, including one byte for each event and one more for punctuation. */
  readonly maxPayloadBytes: number
  /**
   * Encodes one event. It is synchronous and never throws. An event over the event limit is shrunk. `undefined` means
   * that it cannot be encoded, and it is dropped (`failed`).
   */
  readonly encode: (record: R, account: string | undefined) => EncodedEvent | undefined
  /** Sends events in one request. It does not fail: failures are outcomes. */
  readonly send: (events: ReadonlyArray<EncodedEvent>, account: string | undefined) => Effect.Effect<Outcome>
}

/**
 * The writer of events that a layer uses instead of its own, if the context in which it is built has one.
 *
 * @category services
 * @since 0.1.0
 */
export class IntakeWriter extends Context.Service<IntakeWriter, IntakeWriterService>()(
  "effect-llmobs/IntakeWriter"
) {}
