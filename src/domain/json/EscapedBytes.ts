/**
 * The size in JSON of a text in UTF-8, and its largest head and tail of a size, without making the JSON.
 *
 * @since 0.2.0
 */
import * as JsonEscapes from "./JsonEscapes.ts"
import * as TextPass from "./TextPass.ts"

// The size in JSON of each byte of a text.
const sizes = new Uint8Array(0x100).fill(1).fill(6, 0, 0x20)
JsonEscapes.letters.forEach((letter, unit) => {
  if (letter !== 0) sizes[unit] = 2
})

// Counts a piece of at most `mostBytes`.
const count = (bytes: Uint8Array, from: number, to: number): number => {
  const pass = TextPass.shared()
  if (pass !== undefined) {
    pass.memory.set(bytes.subarray(from, to))
    return pass.escape(to - from)
  }
  let size = 0
  for (let at = from; at < to; at++) size += sizes[bytes[at]!]!
  return size
}

/**
 * The size in JSON of the text that stands from one offset to another, without quotes.
 *
 * @category accessors
 * @since 0.2.0
 */
export const size = (bytes: Uint8Array, from: number, to: number): number => {
  let sum = 0
  for (let at = from; at < to; at += TextPass.mostBytes) {
    sum += count(bytes, at, Math.min(to, at + TextPass.mostBytes))
  }
  return sum
}

/**
 * Whether a byte stands inside a character of UTF-8, after its first byte.
 *
 * @category predicates
 * @since 0.2.0
 */
export const isInside = (byte: number): boolean => (byte & 0xc0) === 0x80

// Whole pieces go first, then smaller ones, and then single bytes.
const pieces = [TextPass.mostBytes, 256]

/**
 * The longest head of whole characters whose size in JSON is at most `most`: its end, and its size.
 *
 * @category accessors
 * @since 0.2.0
 */
export const head = (
  bytes: Uint8Array,
  from: number,
  to: number,
  most: number
): readonly [end: number, size: number] => {
  let at = from
  let left = most
  for (const piece of pieces) {
    while (at < to) {
      const end = Math.min(to, at + piece)
      const size = count(bytes, at, end)
      if (size > left) break
      left -= size
      at = end
    }
  }
  while (at < to && sizes[bytes[at]!]! <= left) left -= sizes[bytes[at++]!]!
  // A byte inside a character has the size 1.
  while (at > from && at < to && isInside(bytes[at]!)) {
    at--
    left++
  }
  return [at, most - left]
}

/**
 * The longest tail of whole characters whose size in JSON is at most `most`: its start, and its size.
 *
 * @category accessors
 * @since 0.2.0
 */
export const tail = (
  bytes: Uint8Array,
  from: number,
  to: number,
  most: number
): readonly [start: number, size: number] => {
  let at = to
  let left = most
  for (const piece of pieces) {
    while (at > from) {
      const start = Math.max(from, at - piece)
      const size = count(bytes, start, at)
      if (size > left) break
      left -= size
      at = start
    }
  }
  while (at > from && sizes[bytes[at - 1]!]! <= left) left -= sizes[bytes[--at]!]!
  while (at < to && isInside(bytes[at]!)) {
    at++
    left++
  }
  return [at, most - left]
}
