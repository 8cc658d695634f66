/**
 * Writes MessagePack into pages: large buffers that many values share.
 *
 * **Details**
 *
 * A value begins with `begin` and ends with `end`, which gives its bytes. A value that does not fit into the rest of a page
 * moves to a new one while it is written, so its bytes are always in one piece. Texts that are not well-formed get U+FFFD
 * for each lone surrogate.
 *
 * @since 0.2.0
 */
import type { Json } from "../json/JsonSnapshot.ts"
import * as HexText from "../span/HexText.ts"
import { isLong, longTexts } from "./LongTextWriter.ts"
import * as Utf8 from "./Utf8.ts"

/**
 * The bytes of a page.
 *
 * @category constants
 * @since 0.2.0
 */
export const pageBytes = 64 * 1024

// A row keeps this many members of texts no longer than this, and is learned again after so many rows that differ.
const mostKept = 64
const longestKept = 128
const learnedAgain = 64

// Up to this length a loop over the characters is faster than a call of the encoder.
const short = Utf8.hasBuffers ? 22 : 31

const viewOf = (page: Uint8Array): DataView => new DataView(page.buffer, page.byteOffset, page.byteLength)

// Like any other page, so that even an empty text can be written into it.
const none = Utf8.allocate(0)

/**
 * A writer with a page at hand.
 *
 * @category models
 * @since 0.2.0
 */
export class MsgpackWriter {
  private page: Uint8Array = none
  private view: DataView = viewOf(none)
  private start = 0
  private at = 0
  private characters = 0
  private expected = 0
  private readonly size: number
  private readonly makePage: () => Uint8Array
  private readonly head: number

  /**
   * `makePage` gives each page when it is needed, of `size` bytes. A value that moves to a page begins there at the offset
   * `head`.
   */
  constructor(size: number = pageBytes, makePage: () => Uint8Array = () => Utf8.allocate(size), head: number = 0) {
    this.size = size
    this.makePage = makePage
    this.head = head
  }

  /** Continues in another page, at an offset. */
  use(page: Uint8Array, at: number): void {
    this.view = viewOf(page)
    this.page = page
    this.start = this.at = at
  }

  /** Begins a value, which has this many characters, if that is known. */
  begin(characters = 0): void {
    this.start = this.at
    this.expected = this.characters = characters
  }

  /** Says that characters of the value take this many bytes each, so that it moves to a buffer for all of them at once. */
  expect(bytesEach: number): void {
    this.expected = Math.max(this.expected, Math.ceil(this.characters * bytesEach))
  }

  /** The bytes of the value. The next one begins `gap` bytes behind it. */
  end(gap = 0): Uint8Array {
    this.room(gap)
    const bytes = this.page.subarray(this.start, this.at)
    this.at += gap
    return bytes
  }

  /** Begins the value anew: nothing of what was written since `begin` stays. */
  undo(): void {
    this.at = this.start
  }

  /** The page that the value stands in, so far. */
  get buffer(): Uint8Array {
    return this.page
  }

  /** The offset of the value in its page. */
  get offset(): number {
    return this.start
  }

  /** The bytes of the value, so far. */
  get length(): number {
    return this.at - this.start
  }

  /** Makes room for `bytes` more, that are written into `buffer`. Returns the offset of the first one. */
  reserve(bytes: number): number {
    this.room(bytes)
    return this.at
  }

  /** Says where the next byte goes: behind those that were written into `buffer`. */
  written(at: number): void {
    this.at = at
  }

  // Makes room for `bytes` more. The part of the value that is written moves along.
  private room(bytes: number): void {
    if (this.at + bytes <= this.page.length) return
    const { head } = this
    const written = this.at - this.start
    const next = written + bytes > this.size / 2
      ? Utf8.allocate(head + Math.ceil(Math.max(Math.max(written + bytes, this.expected) * 9 / 8, written * 3 / 2)))
      : this.makePage()
    next.set(this.page.subarray(this.start, this.at), head)
    // First, because it can fail.
    this.view = viewOf(next)
    this.page = next
    this.start = head
    this.at = head + written
  }

  map(size: number): void {
    this.room(5)
    if (size < 16) this.page[this.at++] = 0x80 | size
    else this.header16or32(size, 0xde)
  }

  /** Begins a map whose size is known at its end. Returns its place. */
  beginMap(): number {
    this.room(3)
    this.at += 3
    return this.at - this.start
  }

  /** Ends a map. Its head is not of the shortest form, which it need not be. */
  endMap(place: number, size: number): void {
    const isLarge = size > 0xffff
    if (isLarge) this.room(2)
    const members = this.start + place
    this.page[members - 3] = isLarge ? 0xdf : 0xde
    if (isLarge) {
      this.page.copyWithin(members + 2, members, this.at)
      this.view.setUint32(members - 2, size)
      this.at += 2
    } else this.view.setUint16(members - 2, size)
  }

  /** Takes back what was written since the value was as long as this. */
  cut(length: number): void {
    this.at = this.start + length
  }

  array(size: number): void {
    this.room(5)
    if (size < 16) this.page[this.at++] = 0x90 | size
    else this.header16or32(size, 0xdc)
  }

  /** Bytes that hold MessagePack already, as they are. */
  raw(bytes: Uint8Array): void {
    this.room(bytes.byteLength)
    this.page.set(bytes, this.at)
    this.at += bytes.byteLength
  }

  /** Begins a bin: what is written until `endBin` is its content. Returns its place. */
  beginBin(): number {
    return this.beginBytes()
  }

  endBin(place: number): void {
    this.endBytes(place, 0xc6)
  }

  /** Begins a text: the UTF-8 that is written until `endText` is its content. Returns its place. */
  beginText(): number {
    return this.beginBytes()
  }

  endText(place: number): void {
    this.endBytes(place, 0xdb)
  }

  private beginBytes(): number {
    this.room(5)
    this.at += 5
    return this.at - this.start
  }

  private endBytes(place: number, head: number): void {
    const content = this.start + place
    this.page[content - 5] = head
    this.view.setUint32(content - 4, this.at - content)
  }

  /** A text without a header, for other formats than MessagePack. */
  plain(text: string): void {
    if (isLong(text)) return longTexts.write(text, this)
    this.room(text.length * 3)
    this.at += Utf8.write(this.page, text, this.at)
  }

  text(text: string): void {
    const length = text.length
    if (isLong(text)) {
      const place = this.beginText()
      longTexts.write(text, this)
      return this.endText(place)
    }
    this.room(length * 3 + 3)
    if (length <= short && this.ascii(text, length)) return
    if (length < 0x20) {
      const bytes = Utf8.write(this.page, text, this.at + 1)
      if (bytes < 0x20) {
        this.page[this.at] = 0xa0 | bytes
        this.at += bytes + 1
      } else {
        this.page.copyWithin(this.at + 2, this.at + 1, this.at + 1 + bytes)
        this.page[this.at] = 0xd9
        this.page[this.at + 1] = bytes
        this.at += bytes + 2
      }
    } else {
      const bytes = Utf8.write(this.page, text, this.at + 3)
      this.page[this.at] = 0xda
      this.view.setUint16(this.at + 1, bytes)
      this.at += bytes + 3
    }
  }

  float(value: number): void {
    this.room(9)
    this.page[this.at] = 0xcb
    this.view.setFloat64(this.at + 1, value)
    this.at += 9
  }

  /** An unsigned integer of 64 bits. */
  uint64(value: bigint): void {
    this.room(9)
    this.page[this.at] = 0xcf
    this.view.setBigUint64(this.at + 1, value)
    this.at += 9
  }

  /** An unsigned integer of 64 bits, from the 16 hex characters at `from`. */
  hex64(hex: string, from = 0): void {
    this.room(9)
    this.page[this.at] = 0xcf
    this.at += 9
    this.overHex64(this.length, hex, from)
  }

  /** Writes the 16 hex characters at `from` over an integer of 64 bits that ends where the value was as long as this. */
  overHex64(end: number, hex: string, from = 0): void {
    const at = this.start + end - 8
    this.view.setUint32(at, HexText.word(hex, from, 8) ?? 0)
    this.view.setUint32(at + 4, HexText.word(hex, from + 8, 8) ?? 0)
  }

  /** Likewise, of a bigint or of a whole number from zero on. */
  overUint64(end: number, value: bigint | number): void {
    const at = this.start + end - 8
    if (typeof value === "bigint") this.view.setBigUint64(at, value)
    else {
      this.view.setUint32(at, value / 0x1_0000_0000)
      this.view.setUint32(at + 4, value)
    }
  }

  /** An integer in its shortest form, any other number as a float of 64 bits. */
  number(value: number): void {
    if (!Number.isSafeInteger(value)) return this.float(value)
    this.room(9)
    const { at, page, view } = this
    if (value >= 0) {
      if (value < 0x80) page[this.at++] = value
      else if (value < 0x100) {
        page[at] = 0xcc
        page[at + 1] = value
        this.at += 2
      } else if (value < 0x1_0000) {
        page[at] = 0xcd
        view.setUint16(at + 1, value)
        this.at += 3
      } else if (value < 0x1_0000_0000) {
        page[at] = 0xce
        view.setUint32(at + 1, value)
        this.at += 5
      } else this.uint64(BigInt(value))
    } else if (value >= -0x20) page[this.at++] = 0x100 + value
    else if (value >= -0x80) {
      page[at] = 0xd0
      view.setInt8(at + 1, value)
      this.at += 2
    } else if (value >= -0x8000) {
      page[at] = 0xd1
      view.setInt16(at + 1, value)
      this.at += 3
    } else if (value >= -0x8000_0000) {
      page[at] = 0xd2
      view.setInt32(at + 1, value)
      this.at += 5
    } else {
      page[at] = 0xd3
      view.setBigInt64(at + 1, BigInt(value))
      this.at += 9
    }
  }

  /**
   * The members of an object of texts, one after another, without the head of a map. Returns their number. Those at its
   * beginning that the row knows are copied in one piece: the tags of a process stand before those of a span.
   */
  texts(members: Texts, row: TextRow): number {
    let size = 0
    let isKnown = true
    for (const key in members) {
      if (!Object.prototype.hasOwnProperty.call(members, key)) continue
      const text = textOf(members[key])
      if (isKnown && !row.has(size, key, text)) {
        isKnown = false
        this.raw(row.bytesOf(size))
      }
      size++
      if (isKnown) continue
      this.text(key)
      this.text(text)
    }
    if (isKnown) this.raw(row.bytesOf(size))
    else if (row.differed()) row.learn(members)
    return size
  }

  /** Any JSON value. A member that is `undefined` becomes nil. */
  json(value: Json | undefined): void {
    switch (typeof value) {
      case "string":
        return this.text(value)
      case "number":
        return this.number(value)
      case "object":
        return value === null ? this.nil() : Array.isArray(value) ? this.list(value) : this.object(value as Members)
      case "boolean":
        this.room(1)
        this.page[this.at++] = value ? 0xc3 : 0xc2
        return
      default:
        return this.nil()
    }
  }

  private nil(): void {
    this.room(1)
    this.page[this.at++] = 0xc0
  }

  private list(items: ReadonlyArray<Json>): void {
    this.array(items.length)
    for (let i = 0; i < items.length; i++) this.json(items[i])
  }

  private object(members: Members): void {
    const map = this.beginMap()
    this.endMap(map, this.members(members))
  }

  /** The members of an object, one after another, without the head of a map. Returns their number. */
  members(members: Members): number {
    let size = 0
    // A loop over keys makes no list of them.
    for (const key in members) {
      if (!Object.prototype.hasOwnProperty.call(members, key)) continue
      size++
      this.text(key)
      this.json(members[key])
    }
    return size
  }

  // Writes a text of fewer than 32 characters if all are ASCII.
  private ascii(text: string, length: number): boolean {
    const { at, page } = this
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i)
      if (unit >= 0x80) return false
      page[at + 1 + i] = unit
    }
    page[at] = 0xa0 | length
    this.at = at + 1 + length
    return true
  }

  private header16or32(size: number, head16: number): void {
    if (size < 0x1_0000) {
      this.page[this.at] = head16
      this.view.setUint16(this.at + 1, size)
      this.at += 3
    } else {
      this.page[this.at] = head16 + 1
      this.view.setUint32(this.at + 1, size)
      this.at += 5
    }
  }
}

type Texts = { readonly [key: string]: string }

// A program without types can give any value.
const textOf = (value: unknown): string => typeof value === "string" ? value : String(value)

/**
 * The bytes of texts by key that come again and again in the same order.
 *
 * @category models
 * @since 0.2.0
 */
export class TextRow {
  private keys: ReadonlyArray<string> = []
  private texts: ReadonlyArray<string> = []
  // Of the first member, of the first two, and so on.
  private bytes: ReadonlyArray<Uint8Array> = [none]
  private differences = 0

  /** Whether a member stands at this place of the row. */
  has(at: number, key: string, text: string): boolean {
    return this.keys[at] === key && this.texts[at] === text
  }

  /** The bytes of the first `count` members. */
  bytesOf(count: number): Uint8Array {
    return this.bytes[count]!
  }

  /** Counts a difference, and tells whether the row should be learned again. */
  differed(): boolean {
    return this.differences++ % learnedAgain === 0
  }

  /** Keeps the bytes of these members in place of those before. */
  learn(members: Texts): void {
    const out = new MsgpackWriter(1_024)
    const ends = [0]
    const keys: Array<string> = []
    const texts: Array<string> = []
    out.begin()
    for (const key of Object.keys(members).slice(0, mostKept)) {
      const text = textOf(members[key])
      if (key.length > longestKept || text.length > longestKept) break
      out.text(key)
      out.text(text)
      keys.push(key)
      texts.push(text)
      ends.push(out.length)
    }
    const bytes = out.end()
    const heads = ends.map((end) => bytes.subarray(0, end))
    // At the end, because what comes before can fail, where the stack is full for example.
    this.keys = keys
    this.texts = texts
    this.bytes = heads
  }
}

type Members = { readonly [key: string]: Json | undefined }
