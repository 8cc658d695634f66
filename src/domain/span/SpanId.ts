/**
 * Span ids: 64 bits, as 16 lower-case hex characters inside the library, as decimal text in Datadog's headers and in the
 * LLM Observability event.
 *
 * @since 0.1.0
 */
import * as HexText from "./HexText.ts"

const hexUpTo16 = /^[0-9a-fA-F]{1,16}$/
const decimalUpTo20 = /^[0-9]{1,20}$/
const max = 0xffffffffffffffffn

/**
 * The id that means "none" on every wire.
 *
 * @category constants
 * @since 0.1.0
 */
export const zero = "0000000000000000"

/**
 * Whether a text is a span id in the library's form: 16 lower-case hex characters, not all zero.
 *
 * @category guards
 * @since 0.1.0
 */
export const isValid = (text: string): boolean => HexText.isLower(text, 16) && text !== zero

/**
 * Reads hex text of 1 to 16 characters in either case, and pads it. `undefined` for any other text and for zero.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromHex = (text: string): string | undefined => {
  if (!hexUpTo16.test(text)) return undefined
  const id = text.toLowerCase().padStart(16, "0")
  return id === zero ? undefined : id
}

/**
 * Reads an unsigned 64-bit decimal, as in `x-datadog-parent-id`. `undefined` for any other text, for zero and above 2^64-1.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromDecimal = (text: string): string | undefined => {
  if (!decimalUpTo20.test(text)) return undefined
  const value = BigInt(text)
  return value === 0n || value > max ? undefined : value.toString(16).padStart(16, "0")
}

/**
 * The 16 hex characters of a valid decimal id. An invalid one gives zero.
 *
 * @category combinators
 * @since 0.1.0
 */
export const toHex16 = (decimal: string): string => fromDecimal(decimal) ?? zero

/**
 * The decimal text of an id of hex characters, as in Datadog's headers and events. `"0"` for a text that is not hex.
 *
 * @category combinators
 * @since 0.1.0
 */
export const toDecimal = (hex: string): string => {
  // A span of another tracer can have no id.
  if (typeof hex !== "string" || hex.length > 16 || hex.length === 0) return "0"
  const split = Math.max(0, hex.length - 8)
  const high = HexText.word(hex, 0, split)
  const low = HexText.word(hex, split, hex.length - split)
  if (high === undefined || low === undefined) return "0"
  // `BigInt` of a text with `0x` takes twice as long.
  words.setUint32(0, high)
  words.setUint32(4, low)
  return words.getBigUint64(0).toString()
}

const words = new DataView(new ArrayBuffer(8))
