/**
 * The traces that wait for a point in time, in the order in which they began to wait.
 *
 * **Details**
 *
 * All of them wait for the same time, so the first one is due first, and nothing behind a trace that is not due is
 * looked at. A trace that is removed keeps no link to another one, since such a chain would hold all of them.
 */
import * as HiddenField from "../books/HiddenField.ts"
import * as Slices from "./Slices.ts"

/** A queue of traces. */
export interface AgeQueue<T> {
  /** Adds a trace at the end. Returns `false` if it waits already. */
  readonly add: (trace: T, now: number) => boolean
  readonly has: (trace: T) => boolean
  readonly remove: (trace: T) => void
  /**
   * Removes a slice of the traces that have waited for `maxAge`, and passes each to `release`, which returns the number of
   * its events or spans. Returns the time of the next sweep that could find one, if any: `now` if some are left.
   */
  readonly sweep: (now: number, maxAge: number, release: (trace: T) => number) => number | undefined
  /** Begins to release the traces that wait now. */
  readonly flush: (release: (trace: T) => number) => Slices.Slices
}

interface Entry<T> {
  readonly trace: T
  readonly since: number
  older: Entry<T> | undefined
  newer: Entry<T> | undefined
}

/** Makes an empty queue. */
export const make = <T extends object>(): AgeQueue<T> => {
  const entries = HiddenField.make<T, Entry<T>>()
  let size = 0
  let oldest: Entry<T> | undefined
  let newest: Entry<T> | undefined

  const remove = (trace: T): void => {
    const entry = entries.get(trace)
    if (entry === undefined) return
    entries.set(trace, undefined)
    size--
    if (entry.older === undefined) oldest = entry.newer
    else entry.older.newer = entry.newer
    if (entry.newer === undefined) newest = entry.older
    else entry.newer.older = entry.older
    entry.older = entry.newer = undefined
  }

  return {
    add: (trace, now) => {
      if (entries.get(trace) !== undefined) return false
      const entry: Entry<T> = { trace, since: now, older: newest, newer: undefined }
      if (newest === undefined) oldest = entry
      else newest.newer = entry
      newest = entry
      entries.set(trace, entry)
      size++
      return true
    },
    has: (trace) => entries.get(trace) !== undefined,
    remove,
    sweep: (now, maxAge, release) => {
      let released = 0
      while (oldest !== undefined) {
        const { since, trace } = oldest
        if (since + maxAge > now) return since + maxAge
        if (released >= Slices.most) return now
        remove(trace)
        released += release(trace)
      }
      return undefined
    },
    flush: (release) => {
      // Counted, because traces are added between the slices, and one that cannot leave is added again.
      let left = size
      return () => {
        let released = 0
        while (left > 0 && oldest !== undefined) {
          if (released >= Slices.most) return true
          left--
          const { trace } = oldest
          remove(trace)
          released += release(trace)
        }
        return false
      }
    }
  }
}
