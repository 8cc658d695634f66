/**
 * How long to wait before the next attempt: exponential with full jitter, so that clients that failed together do not come
 * back together.
 *
 * @since 0.1.0
 */

/**
 * Milliseconds: the bound of the first wait, and that of every wait.
 *
 * @category constants
 * @since 0.1.0
 */
export const bounds = { first: 100, most: 30_000 } as const

/**
 * The wait in milliseconds after `failures` failures in a row (1 or more). `random` is in [0, 1). What the receiver asked
 * for (`afterMillis`) is waited out in full, and the jitter comes on top.
 *
 * @category combinators
 * @since 0.1.0
 */
export const delay = (failures: number, random: number, afterMillis: number = 0): number => {
  // 2^9 is already beyond the bound; more would only overflow.
  const exponent = Math.min(9, Math.max(0, failures - 1))
  return afterMillis + random * Math.min(bounds.most, bounds.first * 2 ** exponent)
}
