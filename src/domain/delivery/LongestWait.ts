/**
 * The longest time that a timer can wait.
 *
 * **Details**
 *
 * `setTimeout` keeps its time in 32 bits: a longer one fires at once, and what it guards is then repeated without a pause.
 * Every wait that a user chooses passes through here.
 *
 * @since 0.2.0
 */

/**
 * 24.8 days, in milliseconds.
 *
 * @category constants
 * @since 0.2.0
 */
export const longestWaitMillis = 2_147_483_647

/**
 * The same wait, as far as a timer can wait for it. A number below 0, and one that is none, is no wait.
 *
 * @category combinators
 * @since 0.2.0
 */
export const bounded = (millis: number): number => millis > 0 ? Math.min(millis, longestWaitMillis) : 0
