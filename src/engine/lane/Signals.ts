/**
 * Who wakes whom: made before everything else in a layer, so that no part of it has to know a part that is made later.
 *
 * **Details**
 *
 * A signal stays given until the loop that waits for it takes it back. Giving one is synchronous, cheap, and safe in the
 * middle of anything, such as the end of a span.
 */
import * as Latch from "effect/Latch"

/** The signals of one lane. `work`, `urgent` and `idle` are what its shipper waits for. */
export interface LaneSignal {
  /** Something waits: send it at the next interval. */
  readonly wake: () => void
  /** Something waits that should not wait for the interval. */
  readonly urge: () => void
  readonly work: Latch.Latch
  readonly urgent: Latch.Latch
  /** Open while nothing waits and nothing is under way. */
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
  /** Open while an Agent has to be looked for. */
  readonly search: Latch.Latch
  /** Open while something waits for its time, in a chunk or for a retention decision. */
  readonly sweep: Latch.Latch
  /** Whether the layer has closed: nothing is sent any more, and what still ends is counted as dropped. */
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
