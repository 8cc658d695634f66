/**
 * The text form of structured values, for fields that Datadog stores as one text.
 *
 * **Details**
 *
 * A text is unchanged; any other value becomes compact JSON text, with the keys in their order and characters outside
 * ASCII unescaped.
 *
 * @since 0.1.0
 */
import * as JsonSnapshot from "./JsonSnapshot.ts"
import type { Json, Limits, Measured } from "./JsonSnapshot.ts"

/**
 * The limits for values that become text, or are taken apart before they are recorded: structure is kept deeper.
 *
 * @category constants
 * @since 0.1.0
 */
export const limits: Limits = { ...JsonSnapshot.defaultLimits, depth: 64 }

/**
 * The text of a snapshot.
 *
 * @category combinators
 * @since 0.1.0
 */
export const render = (json: Json): string => typeof json === "string" ? json : JSON.stringify(json)

// A size bound for `render(json)` as a text inside another JSON, from the bound of the snapshot. Every quote and
// backslash is escaped once more.
const bytes = (json: Json, bound: number): number => typeof json === "string" ? bound : bound * 2

/**
 * Copies a value and returns its text. `undefined` for a value that JSON cannot express.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromUnknown = (value: unknown, path?: string): Measured<string | undefined> => {
  const snapshot = JsonSnapshot.take(value, limits, path)
  return snapshot.value === undefined || typeof snapshot.value === "string"
    ? snapshot as Measured<string | undefined>
    : { value: render(snapshot.value), bytes: bytes(snapshot.value, snapshot.bytes), problems: snapshot.problems }
}

/**
 * The exact length of `JSON.stringify(value)` in UTF-8 bytes, without making it. A bigint counts as an integer.
 *
 * **Details**
 *
 * The value must be one that this library rendered: plain, without cycles and not deeper than a snapshot.
 *
 * @category combinators
 * @since 0.1.0
 */
export const byteLength = (value: unknown): number => {
  switch (typeof value) {
    case "string":
      return stringLength(value)
    case "number":
      return Number.isFinite(value) ? String(value === 0 ? 0 : value).length : 4
    case "boolean":
      return value ? 4 : 5
    case "bigint":
      return value.toString().length
    case "object":
      return value === null ? 4 : Array.isArray(value) ? arrayLength(value) : objectLength(value)
    default:
      return 0
  }
}

const arrayLength = (items: ReadonlyArray<unknown>): number => {
  let length = 2 + Math.max(0, items.length - 1)
  for (const item of items) length += byteLength(item) || 4
  return length
}

const objectLength = (value: object): number => {
  let length = 2
  let separator = 0
  for (const key of Object.keys(value)) {
    const item = byteLength((value as { readonly [key: string]: unknown })[key])
    if (item === 0) continue
    length += separator + stringLength(key) + 1 + item
    separator = 1
  }
  return length
}

const stringLength = (text: string): number => {
  const units = text.length
  let length = 2 + units
  for (let i = 0; i < units; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) length += asciiExtra[unit]!
    else if (unit < 0x800) length += 1
    else if (unit < 0xd800 || unit > 0xdfff) length += 2
    else if (unit < 0xdc00 && isLow(text.charCodeAt(i + 1))) {
      length += 2
      i += 1
    } else length += 5
  }
  return length
}

const isLow = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff

// Escaping adds this to each ASCII character: one for the quote, the backslash and \b \t \n \f \r, five for the
// other control characters.
const asciiExtra = new Uint8Array(0x80).fill(5, 0, 0x20)
for (const short of "\"\\\b\t\n\f\r") asciiExtra[short.charCodeAt(0)] = 1
