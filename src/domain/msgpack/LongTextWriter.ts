/**
 * The UTF-8 of long texts, piece by piece: the room for a text is known from its first piece, so its characters need not be
 * counted before.
 *
 * **Details**
 *
 * A character beyond Latin-1, such as a curly quote or an emoji, makes all of a text slow for the writer of V8: two to five
 * nanoseconds for each character. So the pieces of such a text go through WebAssembly where there is some.
 *
 * @since 0.2.0
 */
import * as LongText from "../json/LongText.ts"
import * as TextPass from "../json/TextPass.ts"
import * as Utf8 from "./Utf8.ts"

// Up to this length the writer of V8 is as fast.
const short = 128

const pieceUnits = TextPass.mostBytes / 2

/**
 * Whether a text is for this writer: it is long, or it is not short and has characters beyond Latin-1.
 *
 * @category predicates
 * @since 0.2.0
 */
export const isLong = (text: string): boolean => text.length > short && (text.length > long || Utf8.isWide(text))

// The longest other text: the number of its bytes fits 16 bits, whatever its characters.
const long = 0xffff / 3

/**
 * The part of a `MsgpackWriter` that a text is written into.
 *
 * @category models
 * @since 0.2.0
 */
export interface Target {
  readonly buffer: Uint8Array
  readonly reserve: (bytes: number) => number
  readonly written: (at: number) => void
  readonly expect: (bytesEach: number) => void
}

/**
 * A writer of such texts, for one after another.
 *
 * @category models
 * @since 0.2.0
 */
export class LongTextWriter {
  private readonly makePass: () => TextPass.TextPass | undefined
  private pass: (TextPass.TextPass & { readonly units: Buffer }) | undefined
  private hasTried = false

  /** `makePass` is called with the first text. */
  constructor(makePass: () => TextPass.TextPass | undefined = TextPass.shared) {
    this.makePass = makePass
  }

  /** Writes a text, with U+FFFD for each lone surrogate. */
  write(text: string, out: Target): void {
    const wide = Utf8.isWide(text)
    for (let from = 0; from < text.length;) from = this.piece(text, from, wide, out)
  }

  /** Writes the piece of a text, which {@link Utf8.isWide} or not, that begins at an offset. Returns its end. */
  piece(text: string, from: number, wide: boolean, out: Target): number {
    if (!this.hasTried) this.begin()
    const to = pieceEnd(text, from)
    const piece = text.slice(from, to)
    const bytes = wide && this.pass !== undefined ? this.pieceByPass(piece, out) : pieceByV8(piece, out)
    // The rest of a text is much like its beginning, and so are those after it.
    if (from === 0) {
      out.expect(bytes / to)
      out.reserve(Math.ceil(bytes * (text.length - to) / to))
    }
    return to
  }

  private begin(): void {
    // Only Node's buffers take the units of a text at once.
    const pass = Utf8.hasBuffers ? this.makePass() : undefined
    if (pass !== undefined) this.pass = { ...pass, units: Buffer.from(pass.memory.buffer) }
    // At the end, because what comes before can fail where the stack is full.
    this.hasTried = true
  }

  private pieceByPass(piece: string, out: Target): number {
    const { memory, units, utf8 } = this.pass!
    const bytes = utf8(units.write(piece, "utf16le"))
    const at = out.reserve(bytes)
    out.buffer.set(memory.subarray(TextPass.resultAt, TextPass.resultAt + bytes), at)
    out.written(at + bytes)
    return bytes
  }
}

/**
 * The writer that all code of a thread shares.
 *
 * @category constants
 * @since 0.2.0
 */
export const longTexts = new LongTextWriter()

const pieceByV8 = (piece: string, out: Target): number => {
  const at = out.reserve(piece.length * 3)
  const bytes = Utf8.write(out.buffer, piece, at)
  out.written(at + bytes)
  return bytes
}

const pieceEnd = (text: string, from: number): number => {
  const to = from + pieceUnits
  return to >= text.length ? text.length : LongText.wholeAt(text, to)
}
