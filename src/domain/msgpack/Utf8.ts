/**
 * Texts in the pages of a `MsgpackWriter`, as UTF-8. A lone surrogate is written as U+FFFD.
 *
 * @since 0.2.0
 */

/**
 * Whether there are Node's own buffers. They are not filled with zeros first, and take a text in a tenth of the time that
 * an encoder needs.
 *
 * @category constants
 * @since 0.2.0
 */
export const hasBuffers = typeof Buffer === "function"

const encoder = new TextEncoder()
// A byte order mark is a character like others.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

/**
 * A buffer of its own, with any content.
 *
 * @category constructors
 * @since 0.2.0
 */
export const allocate = (bytes: number): Uint8Array =>
  hasBuffers ? Buffer.allocUnsafeSlow(bytes) : new Uint8Array(bytes)

/**
 * Writes a text at an offset of a page, which has room for it. Returns its bytes.
 *
 * @category combinators
 * @since 0.2.0
 */
export const write: (page: Uint8Array, text: string, at: number) => number = hasBuffers
  ? (page, text, at) => (page as Buffer).write(text, at)
  : (page, text, at) => encoder.encodeInto(text, page.subarray(at)).written

/**
 * Reads the text that stands in a page from one offset to another.
 *
 * @category accessors
 * @since 0.2.0
 */
export const read: (page: Uint8Array, from: number, to: number) => string = hasBuffers
  ? (page, from, to) => (page as Buffer).toString("utf8", from, to)
  : (page, from, to) => decoder.decode(page.subarray(from, to))

// V8 keeps texts of Latin-1 apart, and knows of most of them without a look at the characters that this finds nothing.
const beyondLatin1 = /[^\0-\xff]/

/**
 * Whether a text has characters beyond Latin-1.
 *
 * @category predicates
 * @since 0.2.0
 */
export const isWide = (text: string): boolean => beyondLatin1.test(text)
