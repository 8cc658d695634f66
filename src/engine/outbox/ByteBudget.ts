/**
 * The bound on memory: the bytes of all events that are held, in chunks, payloads and the outbox, and of the content of
 * open spans.
 *
 * **Details**
 *
 * An event has an upper bound, which is cheap and can be twice its size. While there is room, that bound is reserved.
 * Before an event is refused, sizes are measured exactly, the oldest first and only as many as needed; each event is
 * measured at most once.
 *
 * Content of open spans has at most three quarters of the limit, so that events that end meanwhile have a place. A
 * quarter of the limit is granted to it even if events fill the rest: during an outage a new event can still go to the
 * disk, or take the place of an older one, and must not lose its content before.
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
  /** Holds bytes for content of an open span of an account. Returns `false` if there is no room. */
  readonly hold: (bytes: number, account: string | undefined) => boolean
  /** Frees bytes that `hold` granted. */
  readonly free: (bytes: number, account: string | undefined) => void
}

/** The shares of the limit for content of open spans: granted in any case, and at most. */
const openShares = { granted: 1 / 4, most: 3 / 4 } as const

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
  let open = 0

  const tighten = (record: PendingRecord, estimate: number): void => {
    const exact = Math.min(estimate, measure(record))
    estimated.delete(record)
    measured.set(record, exact)
    used += exact - estimate
  }

  // Measures the oldest events, as many as needed, and tells whether there is room then.
  const hasRoom = (bytes: number): boolean => {
    for (const [held, heldEstimate] of estimated) {
      if (used + bytes <= limit) return true
      tighten(held, heldEstimate)
    }
    return used + bytes <= limit
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
      if (!hasRoom(exact)) return false
      measured.set(record, exact)
      used += exact
      return true
    },
    release: (record) => {
      for (const places of [estimated, measured]) {
        used -= places.get(record) ?? 0
        places.delete(record)
      }
    },
    hold: (bytes) => {
      const isGranted = open + bytes <= limit * openShares.granted
      if (!isGranted && (open + bytes > limit * openShares.most || !hasRoom(bytes))) return false
      open += bytes
      used += bytes
      return true
    },
    free: (bytes) => {
      open -= bytes
      used -= bytes
    }
  }
}

const bytesOf = (record: PendingRecord): number => record.bytes
