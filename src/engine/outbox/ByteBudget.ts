/**
 * The bound on memory: the bytes of all events that are held, in chunks, payloads and the outbox.
 *
 * **Details**
 *
 * A record knows an upper bound of its event's size, which is cheap and can be six times too large. While there is
 * room, that bound is reserved. Before an event is refused, sizes are measured exactly, the oldest first and only as
 * many as needed; each event is measured at most once.
 */
import type { PendingRecord } from "../../ports/LateRetention.ts"

export interface ByteBudget {
  readonly limit: number
  readonly used: () => number
  /**
   * Whether a limit other than the shared one (the account's share) refuses this event, so evicting others cannot help.
   */
  readonly bars: (record: PendingRecord) => boolean
  /** Reserves room for an event. Returns `false` if there is none. */
  readonly reserve: (record: PendingRecord) => boolean
  /** Releases the reservation of an event, when it is settled. A second call changes nothing. */
  readonly release: (record: PendingRecord) => void
}

export const make = (options: {
  readonly limit: number
  /** The exact bytes of an event. */
  readonly measure: (record: PendingRecord) => number
}): ByteBudget => {
  const { limit, measure } = options
  const estimated = new Set<PendingRecord>()
  const measured = new Map<PendingRecord, number>()
  let used = 0

  const tighten = (record: PendingRecord): void => {
    const exact = Math.min(record.bytes, measure(record))
    estimated.delete(record)
    measured.set(record, exact)
    used += exact - record.bytes
  }

  return {
    limit,
    used: () => used,
    bars: () => false,
    reserve: (record) => {
      if (used + record.bytes <= limit) {
        estimated.add(record)
        used += record.bytes
        return true
      }
      const exact = Math.min(record.bytes, measure(record))
      for (const held of estimated) {
        if (used + exact <= limit) break
        tighten(held)
      }
      if (used + exact > limit) return false
      measured.set(record, exact)
      used += exact
      return true
    },
    release: (record) => {
      if (estimated.delete(record)) {
        used -= record.bytes
        return
      }
      const exact = measured.get(record)
      if (exact === undefined) return
      measured.delete(record)
      used -= exact
    }
  }
}
