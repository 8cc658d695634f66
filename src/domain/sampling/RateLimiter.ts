/**
 * A token bucket, as a step from one state to the next.
 *
 * **Details**
 *
 * `limit` traces per second pass, with a burst of as many (at least one). 0 lets nothing pass, a negative limit everything.
 * Time is in milliseconds from any origin; a clock that steps back adds no tokens.
 *
 * @since 0.1.0
 */

/**
 * The state of a limiter.
 *
 * @category models
 * @since 0.1.0
 */
export interface RateLimiter {
  readonly limit: number
  readonly tokens: number
  readonly updatedAt: number
  /** The second being counted: its start, the number that asked and the number that passed. */
  readonly windowStart: number
  readonly asked: number
  readonly passed: number
  /** The share that passed in the second before, if it was counted. */
  readonly previousRate: number | undefined
}

/**
 * `effectiveRate` is the share that passed in this second and the one before; `_dd.limit_psr` holds it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Step {
  readonly state: RateLimiter
  readonly allowed: boolean
  readonly effectiveRate: number
}

const second = 1_000
const burst = (limit: number): number => Math.max(1, limit)

/**
 * A full bucket.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (limit: number, now: number): RateLimiter => ({
  limit,
  tokens: limit === 0 ? 0 : burst(limit),
  updatedAt: now,
  windowStart: now,
  asked: 0,
  passed: 0,
  previousRate: undefined
})

/**
 * Takes a token, if one is left.
 *
 * @category combinators
 * @since 0.1.0
 */
export const step = (self: RateLimiter, now: number): Step => {
  if (self.limit < 0) return { state: self, allowed: true, effectiveRate: 1 }
  if (self.limit === 0) return { state: self, allowed: false, effectiveRate: 0 }
  const elapsed = Math.max(0, now - self.updatedAt)
  const tokens = Math.min(burst(self.limit), self.tokens + (elapsed * self.limit) / second)
  const allowed = tokens >= 1
  const age = now - self.windowStart
  const sameWindow = age >= 0 && age < second
  const previousRate = sameWindow
    ? self.previousRate
    : age >= second && age < 2 * second && self.asked > 0
    ? self.passed / self.asked
    : undefined
  const asked = (sameWindow ? self.asked : 0) + 1
  const passed = (sameWindow ? self.passed : 0) + (allowed ? 1 : 0)
  const current = passed / asked
  return {
    state: {
      limit: self.limit,
      tokens: allowed ? tokens - 1 : tokens,
      updatedAt: now,
      windowStart: sameWindow ? self.windowStart : now,
      asked,
      passed,
      previousRate
    },
    allowed,
    effectiveRate: previousRate === undefined ? current : (current + previousRate) / 2
  }
}
