/**
 * The age of an event, independent of changes to the wall clock.
 *
 * **Details**
 *
 * The wall clock can be changed: by hand, by a time server, by a virtual machine that resumes. An event must not expire
 * because of that, so ages are measured on a monotonic clock: inside a process {@link steady}, between processes the
 * time since the machine started, as long as it has not been restarted.
 *
 * @since 0.2.0
 */

/**
 * A clock in Unix milliseconds. It starts at `unixMillis` and advances with `elapsed`, a monotonic clock in
 * milliseconds.
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
  /** The start of a machine that `uptimeMillis` counts from. `undefined` if it is unknown. */
  readonly boot: string | undefined
  /** Milliseconds since that start. */
  readonly uptimeMillis: number
}

/**
 * The age in milliseconds, never below zero. Between moments of one start of a machine, the wall clock does not matter.
 * An event from before the start has the age by the wall clock, but at least the time since the start.
 *
 * @category combinators
 * @since 0.2.0
 */
export const between = (then: Moment, now: Moment): number => {
  if (then.boot !== undefined && then.boot === now.boot) return Math.max(0, now.uptimeMillis - then.uptimeMillis)
  const age = now.unixMillis - then.unixMillis
  return then.boot === undefined || now.boot === undefined ? Math.max(0, age) : Math.max(now.uptimeMillis, age)
}
