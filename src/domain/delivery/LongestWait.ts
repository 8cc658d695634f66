/**
 * The longest time that a timer can wait.
 *
 * **Details**
 *
 * `setTimeout` keeps its time in 32 bits. A longer timer fires at once, so its action would repeat without a pause.
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
 * The wait, limited to the longest timer. A negative number and `NaN` give 0.
 *
 * @category combinators
 * @since 0.2.0
 */
export const bounded = (millis: number): number => millis > 0 ? Math.min(millis, longestWaitMillis) : 0
