/**
 * The bound on memory: the bytes of all events that are held, in chunks, payloads and the outbox, and of the content of
 * open spans.
 *
 * **Details**
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
  /** The bytes of an event. */
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

export const make = (options: {
  readonly limit: number
  /** The bytes that an event takes. */
  readonly measure: (record: PendingRecord) => number
}): ByteBudget => {
  const { limit, measure } = options
  const reserved = new Map<PendingRecord, number>()
  let used = 0
  let open = 0

  return {
    limit,
    used: () => used,
    bars: () => false,
    measure,
    reserve: (record) => {
      const bytes = measure(record)
      if (used + bytes > limit) return false
      reserved.set(record, bytes)
      used += bytes
      return true
    },
    release: (record) => {
      used -= reserved.get(record) ?? 0
      reserved.delete(record)
    },
    hold: (bytes) => {
      const isGranted = open + bytes <= limit * openShares.granted
      if (!isGranted && (open + bytes > limit * openShares.most || used + bytes > limit)) return false
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
