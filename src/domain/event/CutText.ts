/**
 * A text of which the middle is left out, by its size in JSON.
 *
 * @since 0.2.0
 */
import * as EscapedBytes from "../json/EscapedBytes.ts"

/**
 * A text of fewer bytes in JSON is not cut, because the note would replace most of it.
 *
 * @category constants
 * @since 0.2.0
 */
export const smallest = 1_024

// The note, and the quotes around the text.
const noteBytes = 48

const quotes = 2

const encoder = new TextEncoder()
// A byte order mark is a character like others.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

/**
 * The note in the place of the bytes that are left out.
 *
 * @category constructors
 * @since 0.2.0
 */
export const note = (bytes: number): string => `[${bytes} bytes left out]`

/**
 * Cuts the text that stands in UTF-8 from one offset to another, and takes `size` bytes in JSON with its quotes, to at most
 * `level` of them: three quarters are head, and one quarter is tail. Returns the parts of the new text.
 *
 * @category constructors
 * @since 0.2.0
 */
export const parts = (
  bytes: Uint8Array,
  from: number,
  to: number,
  size: number,
  level: number
): ReadonlyArray<Uint8Array> => {
  const room = level - noteBytes
  const quarter = Math.floor(room / 4)
  const [headEnd, headSize] = EscapedBytes.head(bytes, from, to, room - quarter)
  const [tailStart, tailSize] = EscapedBytes.tail(bytes, headEnd, to, quarter)
  return [
    bytes.subarray(from, headEnd),
    encoder.encode(note(size - quotes - headSize - tailSize)),
    bytes.subarray(tailStart, to)
  ]
}

/**
 * {@link parts} for a text that is a value.
 *
 * @category constructors
 * @since 0.2.0
 */
export const text = (text: string, size: number, level: number): string => {
  const bytes = encoder.encode(text)
  return parts(bytes, 0, bytes.byteLength, size, level).map((part) => decoder.decode(part)).join("")
}
