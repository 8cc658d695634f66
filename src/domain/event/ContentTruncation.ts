/**
 * Shrinking the packed content of an event that is too large for the intake, without making values of it.
 *
 * **Details**
 *
 * These are the first two steps of `Truncation`: the largest contents of media parts are replaced by a note, then the
 * longest texts are cut to one common length. A text takes the place of a text, so the bytes between them are copied as
 * they are.
 *
 * @since 0.2.0
 */
import * as EscapedBytes from "../json/EscapedBytes.ts"
import * as LongText from "../json/LongText.ts"
import { MsgpackWriter } from "../msgpack/MsgpackWriter.ts"
import type { Paths } from "../msgpack/PackedTexts.ts"
import * as PackedTexts from "../msgpack/PackedTexts.ts"
import type { SpanRecord } from "../span/SpanRecord.ts"
import * as CutText from "./CutText.ts"
import * as HeldContents from "./HeldContent.ts"
import * as SpanMeta from "./SpanMeta.ts"

const part: Paths = { members: new Map([["content", { isMarked: true }]]) }
const message: Paths = { members: new Map([["audio_parts", { items: part }], ["image_parts", { items: part }]]) }
const side: Paths = { members: new Map([["messages", { items: message }]]) }
const media: Paths = { members: new Map([["input", side], ["output", side]]) }

const encoder = new TextEncoder()

interface Text extends PackedTexts.PackedText {
  /** The bytes in JSON, with quotes. */
  readonly size: number
}

/**
 * The record with a content that takes at least `excess` bytes less in JSON. `undefined` if its texts are not long enough
 * for that.
 *
 * @category combinators
 * @since 0.2.0
 */
export const shrink = (record: SpanRecord, excess: number): SpanRecord | undefined => {
  const place = HeldContents.of(record)?.place ?? packed(record)
  return shrunk(record, place, textsOf(place), excess)
}

/**
 * The record with a content that fits the limit of an event, if it is certain before the event is rendered that this one
 * does not. The event then takes 93 to 98 % of the limit.
 *
 * @category combinators
 * @since 0.2.0
 */
export const early = (record: SpanRecord, limit: number): SpanRecord => {
  if (record.bytes <= limit) return record
  const place = HeldContents.of(record)?.place ?? packed(record)
  if (place.length <= limit) return record
  const texts = textsOf(place)
  // Nothing takes more than eight times its bytes in JSON.
  const rest = 8 * texts.reduce((left, { head, to }) => left - (to - head), place.length)
  const excess = texts.reduce((sum, { size }) => sum + size, rest) - limit * 0.98
  return rest > limit / 20 || excess <= 0 ? record : shrunk(record, place, texts, excess) ?? record
}

const packed = (record: SpanRecord): HeldContents.Place => {
  const out = new MsgpackWriter()
  out.begin()
  const members = out.members(SpanMeta.content(record))
  return { page: { bytes: out.buffer }, start: out.offset, length: out.length, members }
}

// The longest first.
const textsOf = ({ members, page: { bytes }, start }: HeldContents.Place): ReadonlyArray<Text> =>
  PackedTexts.find(bytes, start, members, CutText.smallest / 6, media)
    .map((text) => ({ ...text, size: EscapedBytes.size(bytes, text.from, text.to) + 2 }))
    .sort((a, b) => b.size - a.size)

const shrunk = (
  record: SpanRecord,
  place: HeldContents.Place,
  texts: ReadonlyArray<Text>,
  excess: number
): SpanRecord | undefined => {
  const { members, page: { bytes }, start } = place
  let left = excess
  const stubs: Array<PackedTexts.Replacement> = []
  const others: Array<Text> = []
  for (const text of texts) {
    if (left <= 0 || !text.isMarked || text.size < CutText.smallest) {
      others.push(text)
      continue
    }
    const note = encoder.encode(CutText.note(text.size))
    stubs.push({ ...text, by: [note] })
    left -= text.size - note.byteLength - 2
  }
  const cuts = left <= 0 ? [] : cut(bytes, others, left)
  if (cuts === undefined) return undefined
  const replaced = PackedTexts.replace(bytes, start, start + place.length, [...stubs, ...cuts])
  const content = { page: { bytes: replaced }, start: 0, length: replaced.byteLength, members }
  // The same members as the annotation of a record that is held.
  const annotation = new HeldContents.HeldContent(record.annotation, content)
  return { ...record, annotation: annotation as unknown as SpanRecord["annotation"] }
}

const cut = (
  bytes: Uint8Array,
  texts: ReadonlyArray<Text>,
  excess: number
): ReadonlyArray<PackedTexts.Replacement> | undefined => {
  const long = texts.filter(({ size }) => size > CutText.smallest)
  const level = LongText.commonLevel(long.map(({ size }) => size), excess, CutText.smallest)
  if (level === undefined) return undefined
  return long.filter(({ size }) => size > level)
    .map((text) => ({ ...text, by: CutText.parts(bytes, text.from, text.to, text.size, level) }))
}
