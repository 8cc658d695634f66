/**
 * How old an event is, whatever happens to the time of day.
 *
 * **Details**
 *
 * The time of day can be set: by hand, by a time server, by a virtual machine that wakes up. An event must not expire
 * because of that, so ages are differences on a clock that only goes forward. Inside a process that is {@link steady}.
 * Between processes it is the time since the machine started, as long as it has not been started again.
 *
 * @since 0.2.0
 */

/**
 * Milliseconds since 1970 as they were when the clock was made, going on at the pace of `elapsed`, a clock in milliseconds
 * that only goes forward.
 *
 * @category constructors
 * @since 0.2.0
 */
export const steady = (unixMillis: number, elapsed: () => number): () => number => {
  const offset = unixMillis - elapsed()
  return () => Math.floor(elapsed() + offset)
}

/**
 * A moment that another process can read.
 *
 * @category models
 * @since 0.2.0
 */
export interface Moment {
  /** Unix time in milliseconds. */
  readonly unixMillis: number
  /** Which start of which machine `uptimeMillis` counts from; `undefined` where that is not known. */
  readonly boot: string | undefined
  /** Milliseconds since that start. */
  readonly uptimeMillis: number
}

/**
 * The age in milliseconds, never below zero. Between moments of one start of a machine the time of day plays no part. An
 * event from before the start is as old as the time of day says, and at least as old as the start.
 *
 * @category combinators
 * @since 0.2.0
 */
export const between = (then: Moment, now: Moment): number => {
  if (then.boot !== undefined && then.boot === now.boot) return Math.max(0, now.uptimeMillis - then.uptimeMillis)
  const age = now.unixMillis - then.unixMillis
  return then.boot === undefined || now.boot === undefined ? Math.max(0, age) : Math.max(now.uptimeMillis, age)
}
