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
 * The record with a content that takes at least `excess` bytes less in JSON, step by step. `undefined` if its texts are not
 * long enough for that.
 *
 * @category combinators
 * @since 0.2.0
 */
export function* shrink(record: SpanRecord, excess: number): Generator<void, SpanRecord | undefined> {
  const place = placeOf(record)
  const small = yield* shrunk(place, yield* textsOf(place), excess)
  return small && withPlace(record, small)
}

/**
 * The record with a content that fits the limit of an event, if it is certain before the event is rendered that this one
 * does not: step by step. The event then takes 93 to 98 % of the limit.
 *
 * @category combinators
 * @since 0.2.0
 */
export function* early(record: SpanRecord, limit: number): Generator<void, SpanRecord> {
  const known = HeldContents.of(record)?.cut
  const small = known?.limit === limit ? known.place : yield* steps(placeOf(record), limit)
  return small === undefined ? record : withPlace(record, small)
}

/**
 * {@link early} for a content. Returns its place after it was cut, if that is certain to be needed, and possible.
 *
 * @category combinators
 * @since 0.2.0
 */
export function* steps(place: HeldContents.Place, limit: number): Generator<void, HeldContents.Place | undefined> {
  if (place.length <= limit) return undefined
  const texts = yield* textsOf(place)
  // Nothing takes more than eight times its bytes in JSON.
  const rest = 8 * texts.reduce((left, { head, to }) => left - (to - head), place.length)
  const excess = texts.reduce((sum, { size }) => sum + size, rest) - limit * 0.98
  return rest > limit / 20 || excess <= 0 ? undefined : yield* shrunk(place, texts, excess)
}

const placeOf = (record: SpanRecord): HeldContents.Place => HeldContents.of(record)?.place ?? packed(record)

const packed = (record: SpanRecord): HeldContents.Place => {
  const out = new MsgpackWriter()
  out.begin()
  const members = out.members(SpanMeta.content(record))
  return { page: { bytes: out.buffer }, start: out.offset, length: out.length, members }
}

const withPlace = (record: SpanRecord, place: HeldContents.Place): SpanRecord => {
  // The same members as the annotation of a record that is held.
  const annotation = new HeldContents.HeldContent(record.annotation, place)
  return { ...record, annotation: annotation as unknown as SpanRecord["annotation"] }
}

// The bytes whose size is counted in one step.
const stepBytes = 256 * 1024

// The longest first.
function* textsOf({ members, page: { bytes }, start }: HeldContents.Place): Generator<void, ReadonlyArray<Text>> {
  const texts: Array<Text> = []
  let counted = 0
  for (const text of PackedTexts.find(bytes, start, members, CutText.smallest / 6, media)) {
    let size = 2
    for (let at = text.from; at < text.to; at += stepBytes) {
      const end = Math.min(text.to, at + stepBytes)
      size += EscapedBytes.size(bytes, at, end)
      counted += end - at
      if (counted < stepBytes) continue
      counted = 0
      yield
    }
    texts.push({ ...text, size })
  }
  return texts.sort((a, b) => b.size - a.size)
}

function* shrunk(
  { length, members, page: { bytes }, start }: HeldContents.Place,
  texts: ReadonlyArray<Text>,
  excess: number
): Generator<void, HeldContents.Place | undefined> {
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
  const cuts = left <= 0 ? [] : yield* cut(bytes, others, left)
  if (cuts === undefined) return undefined
  yield
  const replaced = yield* PackedTexts.replace(bytes, start, start + length, [...stubs, ...cuts])
  return { page: { bytes: replaced }, start: 0, length: replaced.byteLength, members }
}

// So many texts are cut in one step.
const stepTexts = 64

function* cut(
  bytes: Uint8Array,
  texts: ReadonlyArray<Text>,
  excess: number
): Generator<void, ReadonlyArray<PackedTexts.Replacement> | undefined> {
  const long = texts.filter(({ size }) => size > CutText.smallest)
  const level = LongText.commonLevel(long.map(({ size }) => size), excess, CutText.smallest)
  if (level === undefined) return undefined
  const cuts: Array<PackedTexts.Replacement> = []
  for (const text of long) {
    if (text.size <= level) continue
    cuts.push({ ...text, by: CutText.parts(bytes, text.from, text.to, text.size, level) })
    if (cuts.length % stepTexts === 0) yield
  }
  return cuts
}
