/**
 * The body of a request to the LLM intake: a JSON array of envelopes, in UTF-8.
 *
 * **Details**
 *
 * Each event is encoded alone, so its size is known before it is added to a body.
 *
 * @since 0.2.0
 */
import { JsonTranscoder } from "../msgpack/JsonTranscoder.ts"
import { MsgpackWriter } from "../msgpack/MsgpackWriter.ts"
import type { SpanRecord } from "../span/SpanRecord.ts"
import * as ContentTruncation from "./ContentTruncation.ts"
import * as Envelope from "./Envelope.ts"
import * as HeldContents from "./HeldContent.ts"
import type { PayloadLayout } from "./PayloadLayout.ts"
import * as PayloadLayouts from "./PayloadLayout.ts"
import * as SpanEvent from "./SpanEvent.ts"
import * as SpanMeta from "./SpanMeta.ts"
import { TagTexts } from "./TagTexts.ts"
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
 * The bytes of a body around its only event.
 *
 * @category constants
 * @since 0.2.0
 */
export const bytesAround = 2

/**
 * How events are encoded. `maxEventBytes` is the size of an event in its envelope.
 *
 * @category models
 * @since 0.2.0
 */
export interface Options {
  readonly libraryVersion: string
  readonly maxEventBytes?: number | undefined
}

/**
 * Renders an event for a format and encodes it in its envelope. An event above `maxEventBytes` (5,000,000 by default) is
 * shrunk.
 *
 * @category constructors
 * @since 0.2.0
 */
export const encode = (record: SpanRecord, format: WireFormat, options: Options): Uint8Array => {
  const out = new MsgpackWriter(smallPage)
  out.begin()
  writer(format, options).write(record, out)
  return new Uint8Array(out.end())
}

const smallPage = 8 * 1024

// Above this a step would take more than a millisecond or two.
const largeBytes = 1024 * 1024

/**
 * Whether the packed content of a record takes so long that its event should be written in slices of time.
 *
 * @category predicates
 * @since 0.2.0
 */
export const isLarge = (record: SpanRecord): boolean => (HeldContents.of(record)?.place?.length ?? 0) > largeBytes

/**
 * Writes events into a page: the value that was begun in it is the event.
 *
 * @category models
 * @since 0.2.0
 */
export interface Writer {
  readonly write: (record: SpanRecord, out: MsgpackWriter) => void
  /** Writes the same step by step. Meanwhile nothing else may be written into `out`. */
  readonly steps: (record: SpanRecord, out: MsgpackWriter) => Generator<void, void>
}

/**
 * {@link encode} for many events.
 *
 * @category constructors
 * @since 0.2.0
 */
export const writer = (
  format: WireFormat,
  { libraryVersion, maxEventBytes = Truncation.defaultLimit }: Options
): Writer => {
  const tags = new TagTexts(format)
  let head: { readonly scope: string | undefined; readonly text: string } | undefined

  const begin = (record: SpanRecord, out: MsgpackWriter): void => {
    const frame = SpanEvent.frame(record)
    const scope = frame._dd["scope"]
    if (head === undefined || head.scope !== scope) head = { scope, text: Envelope.head(frame, libraryVersion) }
    // The frame has members of its own, so its text goes on.
    const members = JSON.stringify(frame).slice(1, -1)
    out.plain(`${head.text}${record.startNs},${members},"tags":${tags.of(record)},"meta":`)
  }

  // Returns how much the event exceeds its limit.
  const end = (out: MsgpackWriter): number => {
    out.plain(`}${Envelope.tail}`)
    return out.length - Math.max(maxEventBytes, Truncation.smallestLimit)
  }

  function* steps(given: SpanRecord, out: MsgpackWriter): Generator<void, void> {
    const record = yield* ContentTruncation.early(given, maxEventBytes)
    begin(record, out)
    yield* metaSteps(record, format, out)
    const excess = end(out)
    if (excess > 0) yield* shrunk(record, excess, out)
  }

  function* shrunk(record: SpanRecord, excess: number, out: MsgpackWriter): Generator<void, void> {
    out.undo()
    const small = yield* ContentTruncation.shrink(record, excess)
    if (small !== undefined) return yield* steps(small, out)
    const event = SpanEvent.render(record, format)
    // The limit is that of the event in its envelope.
    const beside = Envelope.head(event, libraryVersion).length + Envelope.tail.length
    const fitting = Truncation.shrink(event, maxEventBytes - beside).value
    out.plain(Envelope.encode(Envelope.make(fitting, libraryVersion)))
  }

  return {
    write: (record, out) => {
      if (record.bytes > maxEventBytes) return finish(steps(record, out))
      begin(record, out)
      writeMeta(record, format, out)
      const excess = end(out)
      if (excess > 0) finish(shrunk(record, excess, out))
    },
    steps
  }
}

const finish = (steps: Generator<void, void>): void => {
  while (steps.next().done !== true);
}

const writeMeta = (record: SpanRecord, format: WireFormat, out: MsgpackWriter): void => {
  const place = HeldContents.of(record)?.place
  if (place === undefined) return out.plain(JSON.stringify(SpanMeta.render(record, format)))
  beginMeta(place, out)
  transcoder.members(place.page.bytes, place.start, place.members, out)
  endMeta(record, format, out)
}

function* metaSteps(record: SpanRecord, format: WireFormat, out: MsgpackWriter): Generator<void, void> {
  const place = HeldContents.of(record)?.place
  if (place === undefined) return writeMeta(record, format, out)
  beginMeta(place, out)
  yield* new JsonTranscoder().steps(place.page.bytes, place.start, place.members, out)
  endMeta(record, format, out)
}

const beginMeta = ({ length }: HeldContents.Place, out: MsgpackWriter): void => {
  // Of real texts less than an eighth are escapes.
  out.reserve(length + (length >> 3))
  out.plain("{")
}

const endMeta = (record: SpanRecord, format: WireFormat, out: MsgpackWriter): void => {
  const error = SpanMeta.errorOf(record, format)
  // A content has members of its own: the kind of its span at least.
  out.plain(error === undefined ? "}" : `,"error":${JSON.stringify(error)}}`)
}

const transcoder = new JsonTranscoder()

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
