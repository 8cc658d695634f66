/**
 * The roads to the LLM intake: a lane and a shipper for each account, so that one whose key is refused, or whose site does
 * not answer, delays nobody else. Payloads never mix accounts, since each is packed from the outbox of one.
 */
import * as Effect from "effect/Effect"
import { ownAccount } from "../../ports/Outbox.ts"
import type { Lane, Shipper } from "./Shipper.ts"
import type { AccountSignals, LaneSignal } from "./Signals.ts"

export interface AccountLanes<P> {
  /** Opens the road of an account, or refuses (`false`) when there are too many. An open one stays as it is. */
  readonly open: (account: string, lane: () => Lane<P>) => boolean
  /** Begins to run shippers, those of accounts that come later too. */
  readonly start: (fork: (shipper: Effect.Effect<never>) => void) => void
  readonly flush: Effect.Effect<void>
  readonly drain: Effect.Effect<void>
}

/** How many accounts a layer sends to at most, its own left out. They are remembered as long as the layer lives. */
export const maxAccounts = 4_096

export const make = <P>(
  signals: Pick<AccountSignals, "open">,
  makeShipper: (lane: Lane<P>, signal: LaneSignal) => Shipper
): AccountLanes<P> => {
  const shippers = new Map<string, Shipper>()
  let fork: ((shipper: Effect.Effect<never>) => void) | undefined

  const all = (f: (shipper: Shipper) => Effect.Effect<void>): Effect.Effect<void> =>
    Effect.suspend(() => Effect.all(Array.from(shippers.values(), f), { concurrency: "unbounded", discard: true }))

  return {
    open: (account, makeLane) => {
      if (shippers.has(account)) return true
      if (account !== ownAccount && shippers.size > maxAccounts) return false
      const lane = makeLane()
      const signal = signals.open(account)
      const shipper = makeShipper(lane, signal)
      shippers.set(account, shipper)
      fork?.(shipper.run)
      // An ended process can have left something for it.
      if (!lane.isEmpty()) signal.wake()
      return true
    },
    start: (given) => {
      fork = given
      for (const shipper of shippers.values()) given(shipper.run)
    },
    flush: all((shipper) => shipper.flush),
    drain: all((shipper) => shipper.drain)
  }
}
