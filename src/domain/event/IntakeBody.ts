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
import type { PayloadLayout } from "./PayloadLayout.ts"
import * as PayloadLayouts from "./PayloadLayout.ts"
import * as SpanEvent from "./SpanEvent.ts"
import * as Truncation from "./Truncation.ts"
import type { WireFormat } from "./WireFormat.ts"

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
export const encode = (record: SpanRecord, format: WireFormat, options: Options): Uint8Array => {
  let bytes = new Uint8Array(0)
  write(record, format, options, (texts) => {
    bytes = encoder.encode(texts.join(""))
    return bytes.byteLength
  })
  return bytes
}

const encoder = new TextEncoder()

/**
 * How events are encoded.
 *
 * @category models
 * @since 0.2.0
 */
export interface Options {
  readonly libraryVersion: string
  readonly maxEventBytes?: number | undefined
}

/**
 * {@link encode} for a writer of one's own. It takes the pieces of the JSON text, and returns the bytes in UTF-8; if these
 * are too many, it is called once more, with the pieces that take the place of the first ones.
 *
 * @category constructors
 * @since 0.2.0
 */
export const write = (
  record: SpanRecord,
  format: WireFormat,
  { libraryVersion, maxEventBytes = Truncation.defaultLimit }: Options,
  put: (texts: ReadonlyArray<string>) => number
): void => {
  const event = SpanEvent.render(record, format)
  const textsOf = (event: SpanEvent.SpanEvent) => Envelope.texts(Envelope.make(event, libraryVersion))
  if (put(textsOf(event)) > maxEventBytes) put(textsOf(Truncation.shrink(event, maxEventBytes).value))
}

const comma = 0x2c
const open = 0x5b
const close = 0x5d

/**
 * The layout of a body: a bracket, then each event with its comma, of which the last is a bracket.
 *
 * @category constants
 * @since 0.2.0
 */
export const layout: PayloadLayout = {
  head: 1,
  gap: 1,
  frame: (into, lengths) => {
    into[0] = open
    let at = 1
    for (const length of lengths) {
      at += length
      into[at++] = comma
    }
    into[at - 1] = close
    return 0
  }
}

/**
 * The body of a request with these encoded events.
 *
 * @category combinators
 * @since 0.2.0
 */
export const join = (events: ReadonlyArray<Uint8Array>): Uint8Array =>
  events.length === 0 ? Uint8Array.of(open, close) : PayloadLayouts.join(layout, events)
