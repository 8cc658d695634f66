/**
 * The wake-ups between the parts of a layer. They are made first, so that no part has to know a part that is made
 * later.
 *
 * **Details**
 *
 * A signal stays given until the waiting loop takes it back. Giving one is synchronous, cheap and safe anywhere, such
 * as at the end of a span.
 */
import * as Latch from "effect/Latch"

/** The signals of one lane. Its shipper waits for `work`, `urgent` and `idle`. */
export interface LaneSignal {
  /** Requests that waiting events are sent at the next interval. */
  readonly wake: () => void
  /** Requests that waiting events are sent at once. */
  readonly urge: () => void
  readonly work: Latch.Latch
  readonly urgent: Latch.Latch
  /** Open while no event waits and none is in flight. */
  readonly idle: Latch.Latch
}

/** The signals of the lanes to the intake, by account. */
export interface AccountSignals {
  /** The signals of an account's lane, for the lane itself. */
  readonly open: (account: string) => LaneSignal
  /** Wakes the lane of an account. Events of an account without a lane wait until it has one. */
  readonly wake: (account: string) => void
  /** Urges the lane of an account. */
  readonly urge: (account: string) => void
}

export interface Signals {
  readonly traces: LaneSignal
  readonly intake: AccountSignals
  /** Open while an Agent must be searched for. */
  readonly search: Latch.Latch
  /** Open while events wait for a point in time, in a chunk or for a retention decision. */
  readonly sweep: Latch.Latch
  /** Whether the layer has closed. Nothing is sent any more, and events that still end are counted as dropped. */
  readonly isClosed: () => boolean
  readonly close: () => void
}

/** The signals of one lane. */
export const lane = (): LaneSignal => {
  const work = Latch.makeUnsafe(false)
  const urgent = Latch.makeUnsafe(false)
  const idle = Latch.makeUnsafe(true)
  const wake = () => {
    idle.closeUnsafe()
    work.openUnsafe()
  }
  return {
    work,
    urgent,
    idle,
    wake,
    urge: () => {
      wake()
      urgent.openUnsafe()
    }
  }
}

/** The signals of the lanes to the intake. */
export const accounts = (): AccountSignals => {
  const lanes = new Map<string, LaneSignal>()
  return {
    open: (account) => {
      const known = lanes.get(account)
      if (known !== undefined) return known
      const made = lane()
      lanes.set(account, made)
      return made
    },
    wake: (account) => lanes.get(account)?.wake(),
    urge: (account) => lanes.get(account)?.urge()
  }
}

export const make = (): Signals => {
  let closed = false
  return {
    traces: lane(),
    intake: accounts(),
    search: Latch.makeUnsafe(true),
    sweep: Latch.makeUnsafe(false),
    isClosed: () => closed,
    close: () => {
      closed = true
    }
  }
}
