/**
 * The body of a request to the LLM intake: a JSON array of envelopes, in UTF-8.
 *
 * **Details**
 *
 * Each event is encoded alone, so its size is known before it is added to a body.
 *
 * @since 0.2.0
 */
import type { SpanRecord } from "../span/SpanRecord.ts"
import * as Envelope from "./Envelope.ts"
import * as SpanEvent from "./SpanEvent.ts"
import * as Truncation from "./Truncation.ts"
import type { WireFormat } from "./WireFormat.ts"

const encoder = new TextEncoder()
const encodeUtf8 = (text: string): Uint8Array => encoder.encode(text)

/**
 * The bytes of a body at most: strictly under 5 MiB.
 *
 * @category constants
 * @since 0.2.0
 */
export const maxBytes = 5 * 1024 * 1024 - 1

/**
 * Renders an event for a format and encodes it in its envelope. An event above `maxEventBytes` (5,000,000 by default) is
 * shrunk.
 *
 * @category constructors
 * @since 0.2.0
 */
export const encode = (record: SpanRecord, format: WireFormat, options: {
  readonly libraryVersion: string
  readonly maxEventBytes?: number | undefined
  /** Encodes a well-formed text as UTF-8. Default: a `TextEncoder`. */
  readonly utf8?: ((text: string) => Uint8Array) | undefined
}): Uint8Array => {
  const { libraryVersion, maxEventBytes = Truncation.defaultLimit, utf8 = encodeUtf8 } = options
  const event = SpanEvent.render(record, format)
  const bytes = utf8(Envelope.encode(Envelope.make(event, libraryVersion)))
  if (bytes.byteLength <= maxEventBytes) return bytes
  const shrunk = Truncation.shrink(event, maxEventBytes).value
  return utf8(Envelope.encode(Envelope.make(shrunk, libraryVersion)))
}

const comma = 0x2c
const open = 0x5b
const close = 0x5d

/**
 * The body of a request with these encoded events: one bracket, then each event with its trailing comma or bracket.
 *
 * @category combinators
 * @since 0.2.0
 */
export const join = (events: ReadonlyArray<Uint8Array>): Uint8Array => {
  let size = 1 + Math.max(1, events.length)
  for (const event of events) size += event.byteLength
  const out = new Uint8Array(size)
  out[0] = open
  let offset = 1
  for (const event of events) {
    out.set(event, offset)
    offset += event.byteLength
    out[offset++] = comma
  }
  out[size - 1] = close
  return out
}
