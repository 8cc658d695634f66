/**
 * The bound on memory: the bytes of all events that are held, in chunks, payloads and the outbox.
 *
 * **Details**
 *
 * An event has an upper bound, which is cheap and can be twice its size. While there is room, that bound is reserved.
 * Before an event is refused, sizes are measured exactly, the oldest first and only as many as needed; each event is
 * measured at most once.
 */
import type { PendingRecord } from "../../ports/LateRetention.ts"

export interface ByteBudget {
  readonly limit: number
  readonly used: () => number
  /**
   * Whether a limit other than the shared one (the account's share) refuses this event, so evicting others cannot help.
   */
  readonly bars: (record: PendingRecord) => boolean
  /** The exact bytes of an event. */
  readonly measure: (record: PendingRecord) => number
  /** Reserves room for an event. Returns `false` if there is none. */
  readonly reserve: (record: PendingRecord) => boolean
  /** Releases the reservation of an event, when it is settled. A second call changes nothing. */
  readonly release: (record: PendingRecord) => void
}

/** How a budget weighs an event. */
export interface Scale {
  /** An upper bound of the bytes, cheap to tell. Default: that which the record knows. */
  readonly bound?: (record: PendingRecord) => number
  /** The exact bytes. */
  readonly measure: (record: PendingRecord) => number
}

export const make = (options: Scale & { readonly limit: number }): ByteBudget => {
  const { bound = bytesOf, limit, measure } = options
  const estimated = new Map<PendingRecord, number>()
  const measured = new Map<PendingRecord, number>()
  let used = 0

  const tighten = (record: PendingRecord, estimate: number): void => {
    const exact = Math.min(estimate, measure(record))
    estimated.delete(record)
    measured.set(record, exact)
    used += exact - estimate
  }

  return {
    limit,
    used: () => used,
    bars: () => false,
    measure,
    reserve: (record) => {
      const estimate = bound(record)
      if (used + estimate <= limit) {
        estimated.set(record, estimate)
        used += estimate
        return true
      }
      const exact = Math.min(estimate, measure(record))
      for (const [held, heldEstimate] of estimated) {
        if (used + exact <= limit) break
        tighten(held, heldEstimate)
      }
      if (used + exact > limit) return false
      measured.set(record, exact)
      used += exact
      return true
    },
    release: (record) => {
      for (const places of [estimated, measured]) {
        used -= places.get(record) ?? 0
        places.delete(record)
      }
    }
  }
}

const bytesOf = (record: PendingRecord): number => record.bytes
