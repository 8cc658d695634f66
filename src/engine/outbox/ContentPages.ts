/**
 * The memory of held events: their content, packed into pages.
 *
 * **Details**
 *
 * Content is packed when its event first asks the budget for room, and its bytes are what the budget counts. Its place
 * is free once the event is settled. An event that has no room takes its content with it. A page without content is
 * used again. A page that is less than half full is emptied: what is left moves to the present page, so one event that
 * waits for long keeps no page alive, and all pages together take at most about twice the bytes of what they hold.
 * Content that would fill half a page has a buffer of its own. Large content is packed a little later, in slices of time;
 * until then its texts are held.
 */
import * as Rescue from "../../domain/delivery/Rescue.ts"
import type { Page as ContentPage, Place } from "../../domain/event/HeldContent.ts"
import * as HeldContents from "../../domain/event/HeldContent.ts"
import * as SpanMeta from "../../domain/event/SpanMeta.ts"
import { MsgpackWriter } from "../../domain/msgpack/MsgpackWriter.ts"
import * as Utf8 from "../../domain/msgpack/Utf8.ts"
import * as HeldBytes from "../../domain/span/HeldBytes.ts"
import * as SpanRecords from "../../domain/span/SpanRecord.ts"
import type { Tags } from "../../domain/span/Tags.ts"
import type { PendingRecord } from "../../ports/LateRetention.ts"
import type { ByteBudget } from "./ByteBudget.ts"
import * as LargeContents from "./LargeContents.ts"

interface Page extends ContentPage {
  /** The contents that were written here. Some have left since. */
  contents: Array<HeldContents.HeldContent>
  /** The bytes of those that have not. */
  live: number
}

const pageBytes = 256 * 1024

// A burst needs these again soon: 8 MiB.
const mostFree = 32

// Records with more than this beside their content are rare.
const mostBeside = 64 * 1024

// Content of more characters is large. A step packs this much in about three milliseconds, and an event with more never
// rides, so nothing needs its bytes before it is encoded for the intake.
const mostAtOnce = Rescue.maxStructBytes

// The estimate of a record counts values too that a later annotation replaced, so a large one is held against what it has.
const leastBytes = (record: PendingRecord): number => {
  const bytes = SpanRecords.leastBytes(record)
  return bytes <= pageBytes / 2 ? bytes : Math.min(bytes, HeldBytes.ofAnnotation(record.annotation, lengthOf))
}

const lengthOf: HeldBytes.OfText = (text) => text.length

/** Measures the bytes that records take in memory, beside the tags that all spans of the process share. */
export const measuring = (process: Tags) => (record: PendingRecord): number => {
  const content = HeldContents.of(record)
  return HeldBytes.ofRecord(record, content === undefined ? leastBytes(record) : packedBytes(content), process)
}

const packedBytes = ({ cut, place }: HeldContents.HeldContent): number =>
  (place?.length ?? 0) + (cut?.place?.length ?? 0)

// A character of content takes up to three bytes once it is packed, and one or two before. So no content takes more than it
// was reserved.
const mostBytesEach = 3

/**
 * A budget that packs the content of an event before it reserves room for it. `onLarge` is called when large content waits
 * for `pack`, if there is room for the most bytes that it can take; otherwise it is packed at once. When an event or
 * content of an open span has no room, the contents that wait are packed at once too, because most of them then take less.
 */
export const around = (
  budget: ByteBudget,
  options: { readonly maxEventBytes: number; readonly onLarge: () => void }
): ByteBudget => {
  const pages = make()
  const large = LargeContents.make({
    maxEventBytes: options.maxEventBytes,
    mayCut: () => budget.used() + options.maxEventBytes <= budget.limit,
    onPacked: (record, out, members) => {
      const content = exchange(record, placedAlone(out, members))
      budget.adjust(record)
      return content
    },
    onCut: budget.adjust
  })

  const enter = (record: PendingRecord): boolean => {
    if (HeldContents.of(record) === undefined) {
      // Packing is for events that can have room: the content of any other would be copied for nothing. Records are
      // measured twice only when the memory is nearly full.
      const least = leastBytes(record)
      const room = budget.limit - budget.used()
      if (room < least + mostBeside && room < budget.measure(record)) return false
      if (least > mostAtOnce && budget.reserve(record, (mostBytesEach - 1) * least)) {
        large.add(record, least)
        options.onLarge()
        return true
      }
      pages.pack(record, least)
    }
    if (budget.reserve(record)) return true
    pages.leave(HeldContents.of(record)!)
    return false
  }

  return {
    ...budget,
    reserve: (record) => {
      while (!enter(record)) {
        // If its account has no more room, the contents of others do not matter.
        if (!large.packOne(budget.bars(record) ? record.context.account : undefined)) return false
      }
      return true
    },
    hold: (bytes, account) => {
      while (!budget.hold(bytes, account)) {
        if (!large.packOne(undefined)) return false
      }
      return true
    },
    release: (record) => {
      const bytes = budget.release(record)
      const content = HeldContents.of(record)
      if (content !== undefined) pages.free(content)
      large.remove(record)
      return bytes
    },
    pack: large.pack
  }
}

/** Pages without content. */
const make = () => {
  const spare: Array<Page> = []
  // Pages that were left for a next one, and not looked at since.
  const full: Array<Page> = []
  let open: Page = { bytes: new Uint8Array(0), contents: [], live: 0 }
  let end = 0

  const out = new MsgpackWriter(pageBytes, () => {
    // First, because it can fail.
    const next = spare.pop() ?? { bytes: Utf8.allocate(pageBytes), contents: [], live: 0 }
    full.push(open)
    open = next
    end = 0
    return open.bytes
  })

  // The place of the value that `out` has just written.
  const placed = (members: number): Place => {
    const { buffer, length, offset } = out
    if (buffer === open.bytes) {
      end = offset + length
      open.live += length
      return new Placed(open, offset, length, members)
    }
    out.use(open.bytes, end)
    return placedAlone({ buffer, length, offset }, members)
  }

  const keep = (content: HeldContents.HeldContent): void => {
    if (content.place!.page === open) open.contents.push(content)
  }

  const move = (content: HeldContents.HeldContent, { length, members, page, start }: Place): void => {
    out.begin()
    out.raw(page.bytes.subarray(start, start + length))
    content.place = placed(members)
    keep(content)
  }

  const tidy = (): void => {
    for (let page = full.pop(); page !== undefined; page = full.pop()) {
      if (page.live > 0 && page.live >= page.bytes.byteLength / 2) continue
      for (const content of page.contents) {
        if (content.place?.page === page) move(content, content.place)
      }
      page.contents = []
      page.live = 0
      if (page.bytes.byteLength > 0 && spare.length < mostFree) spare.push(page)
    }
  }

  const free = (page: Page, length: number): void => {
    page.live -= length
    if (page === open) return
    // A content that could not be packed can have left it there: twice would make it two spare pages.
    if (!full.includes(page)) full.push(page)
    tidy()
  }

  return {
    pack: (record: PendingRecord, characters: number): void => {
      const meta = SpanMeta.content(record)
      out.begin(characters)
      keep(exchange(record, placed(out.members(meta))))
      if (full.length > 0) tidy()
    },
    // An event without room may go anywhere, so its content keeps itself.
    leave: (content: HeldContents.HeldContent): void => {
      const { place } = content
      if (place === undefined || !isShared(place.page)) return
      const { length, members, page, start } = place
      content.place = { page: { bytes: copied(page.bytes, start, length) }, start: 0, length, members }
      free(page as Page, length)
    },
    free: (content: HeldContents.HeldContent): void => {
      const { place } = content
      content.place = content.cut = undefined
      if (place !== undefined && isShared(place.page)) free(place.page, place.length)
    }
  }
}

// Puts the packed content in the place of the annotation. The record stays the same object, since the budget and the journal
// know an event by it.
const exchange = (record: PendingRecord, place: Place): HeldContents.HeldContent => {
  const content = new HeldContents.HeldContent(record.annotation, place)
  Object.assign(record, { annotation: content, prompt: undefined })
  return content
}

// A buffer of its own stays as it is, unless much of it is empty.
const placedAlone = (
  { buffer, length, offset }: Pick<MsgpackWriter, "buffer" | "length" | "offset">,
  members: number
): Place =>
  length >= buffer.byteLength * 7 / 8
    ? { page: { bytes: buffer }, start: offset, length, members }
    : { page: { bytes: copied(buffer, offset, length) }, start: 0, length, members }

// A class, so that it begins in the young generation: see `SpanRecord`.
class Placed implements Place {
  readonly page: ContentPage
  readonly start: number
  readonly length: number
  readonly members: number

  constructor(page: ContentPage, start: number, length: number, members: number) {
    this.page = page
    this.start = start
    this.length = length
    this.members = members
  }
}

const copied = (page: Uint8Array, start: number, length: number): Uint8Array => {
  const bytes = Utf8.allocate(length)
  bytes.set(page.subarray(start, start + length))
  return bytes
}

const isShared = (page: ContentPage): page is Page => "live" in page
