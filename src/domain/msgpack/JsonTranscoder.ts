/**
 * Writes MessagePack as JSON text, without making values of it.
 *
 * **Details**
 *
 * The MessagePack is JSON that a `MsgpackWriter` of this process wrote, so it is not checked. The text is that of
 * `JSON.stringify`, byte for byte.
 *
 * @since 0.2.0
 */
import * as EscapedBytes from "../json/EscapedBytes.ts"
import * as JsonEscapes from "../json/JsonEscapes.ts"
import * as TextPass from "../json/TextPass.ts"
import type { MsgpackWriter } from "./MsgpackWriter.ts"
import * as Utf8 from "./Utf8.ts"

// Up to this length a loop over the bytes is faster than a pass.
const short = 32

// The longest escape: \u0000.
const longestEscape = 6

const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const colon = 0x3a

const hexDigit = (value: number): number => value + (value > 9 ? 0x57 : 0x30)

const none = new Uint8Array(0)

// A step ends after so many bytes of MessagePack.
const stepBytes = 64 * 1024

const scratch = new DataView(new ArrayBuffer(8))

/**
 * A transcoder. It can be used again, for one value after another.
 *
 * @category models
 * @since 0.2.0
 */
export class JsonTranscoder {
  private readonly makePass: () => TextPass.TextPass | undefined
  private pass: TextPass.TextPass | undefined
  private hasTried = false
  private out: MsgpackWriter | undefined
  private bytes: Uint8Array = none
  private at = 0
  private page: Uint8Array = none
  private to = 0
  private stepEnd = 0

  /** `makePass` is called when the first long text is met. */
  constructor(makePass: () => TextPass.TextPass | undefined = TextPass.shared) {
    this.makePass = makePass
  }

  /** Writes members that stand one after another from an offset on, with commas between them and without braces. */
  members(bytes: Uint8Array, from: number, count: number, out: MsgpackWriter): void {
    this.begin(bytes, from, out)
    this.each(count, true)
    this.end()
  }

  /** {@link members} step by step. Meanwhile nothing else may use this transcoder, or write into `out`. */
  *steps(bytes: Uint8Array, from: number, count: number, out: MsgpackWriter): Generator<void, void> {
    this.begin(bytes, from, out)
    this.stepEnd = from + stepBytes
    yield* this.eachStep(count, true)
    this.end()
  }

  private begin(bytes: Uint8Array, from: number, out: MsgpackWriter): void {
    this.out = out
    this.bytes = bytes
    this.at = from
    this.enter()
  }

  private end(): void {
    this.leave()
    this.out = undefined
    this.bytes = none
  }

  private enter(): void {
    this.to = this.out!.reserve(0)
    this.page = this.out!.buffer
  }

  private leave(): void {
    this.out!.written(this.to)
    this.page = none
  }

  private room(bytes: number): void {
    if (this.to + bytes <= this.page.length) return
    this.out!.written(this.to)
    this.to = this.out!.reserve(bytes)
    this.page = this.out!.buffer
  }

  private put(byte: number): void {
    this.room(1)
    this.page[this.to++] = byte
  }

  private ascii(text: string): void {
    this.room(text.length)
    for (let i = 0; i < text.length; i++) this.page[this.to++] = text.charCodeAt(i)
  }

  private each(count: number, isMap: boolean): void {
    for (let i = 0; i < count; i++) {
      if (i > 0) this.put(comma)
      if (isMap) {
        this.value()
        this.put(colon)
      }
      this.value()
    }
  }

  private *eachStep(count: number, isMap: boolean): Generator<void> {
    for (let i = 0; i < count; i++) {
      if (i > 0) this.put(comma)
      if (isMap) {
        this.value()
        this.put(colon)
      }
      const head = this.bytes[this.at]!
      if (head === 0xdb) yield* this.textSteps()
      else if (isContainer(head)) yield* this.containerSteps(head)
      else this.value()
      if (this.isStep()) yield
    }
  }

  private *containerSteps(head: number): Generator<void> {
    this.at++
    const isMap = head < 0x90 || head >= 0xde
    const count = head < 0xa0 ? head & 0x0f : this.unsigned(head % 2 === 0 ? 2 : 4)
    this.put(isMap ? 0x7b : 0x5b)
    yield* this.eachStep(count, isMap)
    this.put(isMap ? 0x7d : 0x5d)
  }

  private *textSteps(): Generator<void> {
    this.at++
    const end = this.unsigned(4) + this.at
    const pass = this.passOf()
    this.put(quote)
    while (this.at < end) {
      this.piece(pass, end)
      if (this.isStep()) yield
    }
    this.put(quote)
  }

  private isStep(): boolean {
    if (this.at < this.stepEnd) return false
    this.stepEnd = this.at + stepBytes
    return true
  }

  private map(count: number): void {
    this.put(0x7b)
    this.each(count, true)
    this.put(0x7d)
  }

  private list(count: number): void {
    this.put(0x5b)
    this.each(count, false)
    this.put(0x5d)
  }

  private value(): void {
    const head = this.bytes[this.at++]!
    if (head < 0x80) return this.number(head)
    if (head < 0x90) return this.map(head & 0x0f)
    if (head < 0xa0) return this.list(head & 0x0f)
    if (head < 0xc0) return this.shortText(head & 0x1f)
    if (head >= 0xe0) return this.number(head - 0x100)
    switch (head) {
      case 0xc2:
        return this.ascii("false")
      case 0xc3:
        return this.ascii("true")
      case 0xd9:
        return this.text(this.unsigned(1))
      case 0xda:
        return this.text(this.unsigned(2))
      case 0xdb:
        return this.text(this.unsigned(4))
      case 0xdc:
        return this.list(this.unsigned(2))
      case 0xdd:
        return this.list(this.unsigned(4))
      case 0xde:
        return this.map(this.unsigned(2))
      case 0xdf:
        return this.map(this.unsigned(4))
      case 0xc0:
        return this.ascii("null")
      default:
        return this.number(this.wide(head))
    }
  }

  private wide(head: number): number {
    switch (head) {
      case 0xcb:
        return this.eight().getFloat64(0)
      case 0xcc:
        return this.unsigned(1)
      case 0xcd:
        return this.unsigned(2)
      case 0xce:
        return this.unsigned(4)
      case 0xcf:
        return Number(this.eight().getBigUint64(0))
      case 0xd0:
        return this.unsigned(1) << 24 >> 24
      case 0xd1:
        return this.unsigned(2) << 16 >> 16
      case 0xd2:
        return this.unsigned(4) | 0
      default:
        return Number(this.eight().getBigInt64(0))
    }
  }

  private unsigned(size: 1 | 2 | 4): number {
    const { bytes } = this
    let value = 0
    for (let i = 0; i < size; i++) value = value * 0x100 + bytes[this.at++]!
    return value
  }

  // A view of a whole page would be made for one number.
  private eight(): DataView {
    for (let i = 0; i < 8; i++) scratch.setUint8(i, this.bytes[this.at++]!)
    return scratch
  }

  // Like `JSON.stringify`: null for what JSON cannot express.
  private number(value: number): void {
    this.ascii(Number.isFinite(value) ? String(value) : "null")
  }

  private text(length: number): void {
    if (length <= short) return this.shortText(length)
    const end = this.at + length
    const pass = this.passOf()
    this.put(quote)
    while (this.at < end) this.piece(pass, end)
    this.put(quote)
  }

  private passOf(): TextPass.TextPass | undefined {
    if (!this.hasTried) {
      // First, because it can fail where the stack is full.
      this.pass = this.makePass()
      this.hasTried = true
    }
    return this.pass
  }

  private shortText(length: number): void {
    this.room(length * longestEscape + 2)
    const { bytes, page } = this
    let { to } = this
    const end = this.at + length
    page[to++] = quote
    for (let from = this.at; from < end; from++) {
      const unit = bytes[from]!
      if (unit >= 0x20 && unit !== quote && unit !== backslash) page[to++] = unit
      else to = escaped(page, to, unit)
    }
    page[to++] = quote
    this.to = to
    this.at = end
  }

  // The next piece of a long text that ends there.
  private piece(pass: TextPass.TextPass | undefined, end: number): void {
    const from = this.at
    const to = Math.min(end, from + TextPass.mostBytes)
    if (pass === undefined) return this.nativePiece(to < end ? startOf(this.bytes, to) : to)
    const { escape, memory } = pass
    memory.set(this.bytes.subarray(from, to))
    const size = escape(to - from)
    this.room(size)
    this.page.set(memory.subarray(TextPass.resultAt, TextPass.resultAt + size), this.to)
    this.to += size
    this.at = to
  }

  private nativePiece(to: number): void {
    this.leave()
    this.out!.plain(JSON.stringify(Utf8.read(this.bytes, this.at, to)).slice(1, -1))
    this.enter()
    this.at = to
  }
}

const isContainer = (head: number): boolean => head >= 0x80 && (head < 0xa0 || (head >= 0xdc && head <= 0xdf))

// The start of the character in UTF-8 that has a byte there.
const startOf = (bytes: Uint8Array, at: number): number =>
  EscapedBytes.isInside(bytes[at]!) ? startOf(bytes, at - 1) : at

const escaped = (page: Uint8Array, to: number, unit: number): number => {
  page[to] = backslash
  const letter = JsonEscapes.letters[unit]!
  if (letter !== 0) {
    page[to + 1] = letter
    return to + 2
  }
  page[to + 1] = 0x75
  page[to + 2] = page[to + 3] = 0x30
  page[to + 4] = hexDigit(unit >> 4)
  page[to + 5] = hexDigit(unit & 0x0f)
  return to + 6
}
