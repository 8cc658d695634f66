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
import * as HiddenField from "../books/HiddenField.ts"

export interface ByteBudget {
  readonly limit: number
  readonly used: () => number
  /**
   * Whether a limit other than the shared one (the account's share) refuses this event, so evicting others cannot help.
   */
  readonly bars: (record: PendingRecord) => boolean
  /** The bytes of an event. */
  readonly measure: (record: PendingRecord) => number
  /** Reserves room for an event, and `spare` bytes until it is adjusted. Returns `false` if there is none. */
  readonly reserve: (record: PendingRecord, spare?: number) => boolean
  /** Changes the reservation of an event to its present bytes, whether or not there is room, and returns the difference. */
  readonly adjust: (record: PendingRecord) => number
  /**
   * Packs contents for which the end of their span had no time, until the slice `isOver`: that of `record`, or all. Returns
   * whether none is left, and time. Without this member there are none.
   */
  readonly pack?: ((isOver: () => boolean, record?: PendingRecord) => boolean) | undefined
  /** Releases the reservation of an event, when it is settled, and returns its bytes. A second call changes nothing. */
  readonly release: (record: PendingRecord) => number
  /** Holds bytes for content of an open span of an account. Returns `false` if there is no room. */
  readonly hold: (bytes: number, account: string | undefined) => boolean
  /** Frees bytes that `hold` granted. */
  readonly free: (bytes: number, account: string | undefined) => void
}

/** The shares of the limit for content of open spans: granted in any case, and at most. */
const openShares = { granted: 1 / 4, most: 3 / 4 } as const

/** The bytes that are used of a limit. */
export class Room {
  readonly limit: number
  used = 0
  #open = 0

  constructor(limit: number) {
    this.limit = limit
  }

  has(bytes: number): boolean {
    return this.used + bytes <= this.limit
  }

  /** Holds bytes for content of an open span. Returns `false` if there is no room. */
  hold(bytes: number): boolean {
    const isGranted = this.#open + bytes <= this.limit * openShares.granted
    if (!isGranted && (this.#open + bytes > this.limit * openShares.most || !this.has(bytes))) return false
    this.#open += bytes
    this.used += bytes
    return true
  }

  /** Frees bytes that `hold` granted. */
  free(bytes: number): void {
    this.#open -= bytes
    this.used -= bytes
  }
}

export const make = (options: {
  readonly limit: number
  /** The bytes that an event takes. */
  readonly measure: (record: PendingRecord) => number
}): ByteBudget => {
  const { limit, measure } = options
  const room = new Room(limit)
  const reserved = HiddenField.make<PendingRecord, number>()

  return {
    limit,
    used: () => room.used,
    bars: () => false,
    measure,
    reserve: (record, spare = 0) => {
      const bytes = measure(record) + spare
      if (!room.has(bytes)) return false
      reserved.set(record, bytes)
      room.used += bytes
      return true
    },
    adjust: (record) => {
      const before = reserved.get(record)
      if (before === undefined) return 0
      const bytes = measure(record)
      reserved.set(record, bytes)
      room.used += bytes - before
      return bytes - before
    },
    release: (record) => {
      const bytes = reserved.get(record)
      if (bytes === undefined) return 0
      reserved.set(record, undefined)
      room.used -= bytes
      return bytes
    },
    hold: (bytes) => room.hold(bytes),
    free: (bytes) => room.free(bytes)
  }
}
