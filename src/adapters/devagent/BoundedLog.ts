/**
 * The latest entries, bounded in number and bytes. Evicted entries are counted.
 */

/** A bounded list that forgets its oldest entries first. */
export interface BoundedLog<in out A> {
  /** Adds an entry of the given size. One that is larger than the whole log is only counted as evicted. */
  readonly add: (entry: A, bytes: number) => void
  /** A snapshot, oldest first. */
  readonly all: () => ReadonlyArray<A>
  /** The number of evicted entries. */
  readonly evicted: () => number
  /** Forgets everything, the count too. */
  readonly clear: () => void
}

/** Most entries, and most bytes of all entries together. */
export interface Bounds {
  readonly maxCount: number
  readonly maxBytes: number
}

/** An empty log. */
export const make = <A>(bounds: Bounds): BoundedLog<A> => {
  let entries: Array<{ readonly entry: A; readonly bytes: number }> = []
  let bytesHeld = 0
  let evicted = 0
  return {
    add: (entry, bytes) => {
      entries.push({ entry, bytes })
      bytesHeld += bytes
      while (entries.length > bounds.maxCount || bytesHeld > bounds.maxBytes) {
        const oldest = entries.shift()
        if (oldest === undefined) {
          return
        }
        bytesHeld -= oldest.bytes
        evicted++
      }
    },
    all: () => entries.map(({ entry }) => entry),
    evicted: () => evicted,
    clear: () => {
      entries = []
      bytesHeld = 0
      evicted = 0
    }
  }
}
