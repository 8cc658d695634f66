/**
 * The roads to the LLM intake: a lane and a shipper for each account. An account with a refused key or an unresponsive
 * site delays no other. A payload never mixes accounts, because it is packed from the outbox of one.
 */
import * as Effect from "effect/Effect"
import { ownAccount } from "../../ports/Outbox.ts"
import type { Lane, Shipper } from "./Shipper.ts"
import type { AccountSignals, LaneSignal } from "./Signals.ts"

export interface AccountLanes<P> {
  /** Opens the road of an account. Returns `false` if there are too many. An open road is not changed. */
  readonly open: (account: string, lane: () => Lane<P>) => boolean
  /** Begins to run shippers, including those of accounts that are added later. */
  readonly start: (fork: (shipper: Effect.Effect<never>) => void) => void
  readonly flush: Effect.Effect<void>
  readonly drain: Effect.Effect<void>
}

/** The most accounts that a layer sends to, without its own. They are remembered as long as the layer lives. */
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
      // A process that ended may have left events for this account.
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
