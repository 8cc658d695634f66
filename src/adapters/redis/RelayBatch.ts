/**
 * The element of the queue: one batch of events, each rendered by the process that made it.
 */
import * as Schema from "effect/Schema"
import * as Crypto from "node:crypto"
import type { EncodedEvent } from "../../ports/IntakeWriter.ts"

/**
 * `events` are envelopes as JSON texts. A relay of any release passes them on unchanged. `offeredAt` is in Unix
 * milliseconds.
 */
export const RelayBatch = Schema.Struct({
  version: Schema.Literal(1),
  offeredAt: Schema.Finite,
  events: Schema.Array(Schema.String)
})

export type RelayBatch = typeof RelayBatch.Type

/** The most bytes of events in one batch. A larger event is a batch of its own. */
const maxBytes = 1024 * 1024

/** Cuts events into batches, in order. The same events give the same cuts. */
export const partition = (events: ReadonlyArray<EncodedEvent>): ReadonlyArray<ReadonlyArray<EncodedEvent>> => {
  const batches: Array<Array<EncodedEvent>> = []
  let last: Array<EncodedEvent> = []
  let bytes = 0
  for (const event of events) {
    const size = event.bytes.byteLength + 1
    if (last.length === 0 || bytes + size > maxBytes) {
      last = []
      bytes = 0
      batches.push(last)
    }
    last.push(event)
    bytes += size
  }
  return batches
}

/**
 * A batch, and its id in the queue: a digest of its events, so that a batch with an ambiguous outcome can be offered
 * again without being queued twice.
 */
export const make = (
  events: ReadonlyArray<EncodedEvent>,
  offeredAt: number
): { readonly id: string; readonly batch: RelayBatch } => {
  const digest = Crypto.createHash("sha256")
  const decoder = new TextDecoder()
  const texts = events.map((event) => {
    digest.update(event.bytes).update("\n")
    return decoder.decode(event.bytes)
  })
  return { id: digest.digest("base64url"), batch: { version: 1, offeredAt, events: texts } }
}
