/**
 * Trace ids: 128 bits, as 32 lower-case hex characters inside the library.
 *
 * **Details**
 *
 * Datadog's own headers carry the low 64 bits as decimal text and the high 64 bits as 16 hex characters in the
 * propagation tag `_dd.p.tid`. LLM Observability carries its trace id as one 128-bit decimal.
 *
 * @since 0.1.0
 */
import * as HexText from "./HexText.ts"

const hexUpTo32 = /^[0-9a-fA-F]{1,32}$/
const decimalUpTo39 = /^[0-9]{1,39}$/
const max = (1n << 128n) - 1n

/**
 * The id that means "none" on every wire.
 *
 * @category constants
 * @since 0.1.0
 */
export const zero = "00000000000000000000000000000000"

/**
 * Sixteen zeros: the high half of a 64-bit trace id.
 *
 * @category constants
 * @since 0.1.0
 */
export const zeroHalf = "0000000000000000"

/**
 * Whether a text is a trace id in the library's form: 32 lower-case hex characters, not all zero.
 *
 * @category guards
 * @since 0.1.0
 */
export const isValid = (text: string): boolean => HexText.isLower(text, 32) && text !== zero

/**
 * Whether a text is one half of a trace id as `_dd.p.tid` carries it: 16 lower-case hex characters, not all zero.
 *
 * @category guards
 * @since 0.1.0
 */
export const isHigh64 = (text: string): boolean => HexText.isLower(text, 16) && text !== zeroHalf

/**
 * Reads hex text of 1 to 32 characters in either case, and pads it. `undefined` for any other text and for zero.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromHex = (text: string): string | undefined => {
  if (!hexUpTo32.test(text)) return undefined
  const id = text.toLowerCase().padStart(32, "0")
  return id === zero ? undefined : id
}

/**
 * Reads an unsigned decimal of up to 128 bits. `undefined` for any other text, for zero and above 2^128-1.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromDecimal = (text: string): string | undefined => {
  if (!decimalUpTo39.test(text)) return undefined
  const value = BigInt(text)
  return value === 0n || value > max ? undefined : value.toString(16).padStart(32, "0")
}

/**
 * Joins the two halves: `high` from `_dd.p.tid` (`undefined` or empty for a 64-bit id), `low` as 16 hex characters.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromHalves = (high: string | undefined, low: string): string => (high || zeroHalf) + low

// The ids of one second begin alike.
const latest = { seconds: 0, high: zeroHalf }

/**
 * A new id in Datadog's shape: 8 hex characters of Unix seconds, 8 zeros, 16 random hex characters. The clock and the
 * random source are the caller's.
 *
 * **Details**
 *
 * A random part that is not 16 hex characters, or is all zero, is replaced so that the result is always a valid id.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromParts = (unixSeconds: number, random64Hex: string): string => {
  const seconds = unixSeconds > 0 && unixSeconds <= 0xffffffff ? Math.floor(unixSeconds) : 0
  if (latest.seconds !== seconds) {
    latest.high = seconds.toString(16).padStart(8, "0") + "00000000"
    latest.seconds = seconds
  }
  const low = HexText.isLower(random64Hex, 16)
    ? random64Hex
    : hexUpTo32.test(random64Hex)
    ? random64Hex.slice(-16).toLowerCase().padStart(16, "0")
    : zeroHalf
  return latest.high + (low === zeroHalf ? "0000000000000001" : low)
}

/**
 * The low 64 bits as 16 hex characters: the trace id of Datadog's trace payload and of `x-datadog-trace-id`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const low64 = (traceId: string): string => traceId.slice(-16)

/**
 * The high 64 bits as 16 hex characters: the value of `_dd.p.tid`. All zeros for a 64-bit id.
 *
 * @category combinators
 * @since 0.1.0
 */
export const high64 = (traceId: string): string =>
  traceId.length === 32 && traceId.startsWith(latest.high)
    ? latest.high
    : traceId.length > 16
    ? traceId.slice(0, -16)
    : zeroHalf

/**
 * The decimal text of all 128 bits, as LLM Observability writes it into headers; `"0"` for a text that is not hex.
 *
 * @category combinators
 * @since 0.1.0
 */
export const toDecimal = (traceId: string): string => hexUpTo32.test(traceId) ? BigInt("0x" + traceId).toString() : "0"

/**
 * The text by which LLM Observability names an APM trace, as in `_dd.apm_trace_id`: all 32 hex characters, or the
 * decimal text of an id of at most 64 bits.
 *
 * @category combinators
 * @since 0.1.0
 */
export const toText = (traceId: string): string => high64(traceId) === zeroHalf ? toDecimal(traceId) : traceId
