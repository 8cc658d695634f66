/**
 * The hash that decides from a trace id and a rate alone, so that all services decide alike without communication.
 *
 * **Details**
 *
 * A trace is kept when `(id * 1111111111111111111) mod 2^64 <= rate * (2^64 - 1)`, with the lower 64 bits of the APM
 * trace id. Sampling rules, the Agent's rates and the retention of LLM traces all use it, so all LLM traces within one
 * APM trace agree.
 *
 * @since 0.1.0
 */

const factor = 1111111111111111111n
// A number cannot hold 2^64 - 1; its product with a rate is the same for 2^64.
const range = 2 ** 64

/**
 * Whether the trace is kept at `rate`, from 0 to 1. At 0 and 1 the id does not matter.
 *
 * @category guards
 * @since 0.1.0
 */
export const keeps = (traceIdLow64: bigint, rate: number): boolean =>
  rate >= 1 || (rate > 0 && BigInt.asUintN(64, traceIdLow64 * factor) <= rate * range)

/**
 * A rate from 0 to 1 as text: up to six decimals, half up, no trailing zeros (`1`, `0`, `0.5`, `0.123457`).
 *
 * @category combinators
 * @since 0.1.0
 */
export const rateText = (rate: number): string => {
  if (rate >= 1) return "1"
  // Below 1e-6 a number's own text is in exponent form.
  if (!(rate >= 0.000001)) return rate >= 0.0000005 ? "0.000001" : "0"
  const decimals = String(rate).slice(2)
  // Rounding the digits of the shortest text instead of the binary value makes 0.1234565 go up.
  const millionths = Number(decimals.slice(0, 6).padEnd(6, "0")) + (decimals.charAt(6) >= "5" ? 1 : 0)
  if (millionths >= 1_000_000) return "1"
  let end = 6
  const text = String(millionths).padStart(6, "0")
  while (text.charAt(end - 1) === "0") end--
  return `0.${text.slice(0, end)}`
}
