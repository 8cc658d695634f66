/**
 * The wait before the next attempt: exponential with full jitter, so that clients that failed together do not retry
 * together.
 *
 * @since 0.1.0
 */

/**
 * The bound of the first wait and the bound of every wait, in milliseconds.
 *
 * @category constants
 * @since 0.1.0
 */
export const bounds = { first: 100, most: 30_000 } as const

/**
 * The wait in milliseconds after `failures` failures in a row (1 or more). `random` is in [0, 1). The wait that the
 * receiver asked for (`afterMillis`) is kept in full, and the jitter is added to it.
 *
 * @category combinators
 * @since 0.1.0
 */
export const delay = (failures: number, random: number, afterMillis: number = 0): number => {
  // 2^9 already exceeds the bound, and a larger power would only overflow.
  const exponent = Math.min(9, Math.max(0, failures - 1))
  return afterMillis + random * Math.min(bounds.most, bounds.first * 2 ** exponent)
}
