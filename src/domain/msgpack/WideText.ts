/**
 * The UTF-8 of long texts beyond Latin-1: a curly quote, a dash or an emoji is enough. The writer of V8 takes two to five
 * nanoseconds for each of their characters.
 *
 * @since 0.2.0
 */
import * as TextPass from "../json/TextPass.ts"
import * as Utf8 from "./Utf8.ts"

// Up to this length the writer of V8 is as fast.
const short = 128

// V8 keeps texts of Latin-1 apart, and knows of most of them without a look at the characters that this finds nothing.
const beyondLatin1 = /[^\0-\xff]/

/**
 * Whether a text is long and has characters beyond Latin-1.
 *
 * @category predicates
 * @since 0.2.0
 */
export const is = (text: string): boolean => text.length > short && beyondLatin1.test(text)

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
}

/**
 * A writer of such texts, for one after another.
 *
 * @category models
 * @since 0.2.0
 */
export class WideTextWriter {
  private readonly makePass: () => TextPass.TextPass | undefined
  private pass: (TextPass.TextPass & { readonly units: Buffer }) | undefined
  private hasTried = false

  /** `makePass` is called with the first text. */
  constructor(makePass: () => TextPass.TextPass | undefined = TextPass.make) {
    this.makePass = makePass
  }

  /** Writes a text, with U+FFFD for each lone surrogate. Returns `false` where there is no pass. */
  write(text: string, out: Target): boolean {
    if (!this.hasTried) this.begin()
    const { pass } = this
    if (pass === undefined) return false
    for (let from = 0; from < text.length;) {
      const to = pieceEnd(text, from)
      const size = pass.utf8(pass.units.write(text.slice(from, to), "utf16le"))
      // The rest of a text is much like its beginning.
      const at = out.reserve(from === 0 ? Math.ceil(size * text.length / to) : size)
      out.buffer.set(pass.memory.subarray(TextPass.resultAt, TextPass.resultAt + size), at)
      out.written(at + size)
      from = to
    }
    return true
  }

  private begin(): void {
    this.hasTried = true
    // Only Node's buffers take the units of a text at once.
    const pass = Utf8.hasBuffers ? this.makePass() : undefined
    if (pass !== undefined) this.pass = { ...pass, units: Buffer.from(pass.memory.buffer) }
  }
}

// A pair of surrogates stays together.
const pieceEnd = (text: string, from: number): number => {
  const to = from + TextPass.mostBytes / 2
  if (to >= text.length) return text.length
  return (text.charCodeAt(to - 1) & 0xfc00) === 0xd800 ? to - 1 : to
}
