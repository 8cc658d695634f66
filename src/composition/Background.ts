/**
 * The loops of a layer: the search for the Agent, the sending, and the drain when the layer closes.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as ProcessExit from "../adapters/node-process/ProcessExit.ts"
import * as Ledgers from "../domain/delivery/Ledger.ts"
import type { SetAside } from "../domain/delivery/SetAside.ts"
import * as Slices from "../engine/chunk/Slices.ts"
import * as AgentSearch from "../engine/lane/AgentSearch.ts"
import * as DeliveryLoop from "../engine/lane/DeliveryLoop.ts"
import type { DeliveryService } from "../ports/Delivery.ts"
import { ownAccount } from "../ports/Outbox.ts"
import type { DeliveryReports } from "./DeliveryReports.ts"
import type { Destinations } from "./Destinations.ts"
import type { Foundation } from "./Foundation.ts"
import type { Settings } from "./Settings.ts"

export interface Background {
  readonly loop: DeliveryLoop.DeliveryLoop
  readonly delivery: DeliveryService
}

/** Starts the loops in the scope, and registers the drain. */
export const make = (
  options: Pick<DeliveryLoop.Options, "outboxes" | "lanes" | "traces" | "stopWaiting"> & {
    readonly settings: Settings
    readonly foundation: Foundation
    readonly reports: DeliveryReports
    readonly destinations: Destinations
    readonly readSetAside: Effect.Effect<ReadonlyArray<SetAside>>
  }
): Effect.Effect<Background, never, Scope.Scope> => {
  const {
    destinations: { needsAgent, probe, ridersNeedAgent, tracker },
    foundation,
    lanes,
    outboxes,
    reports,
    settings,
    stopWaiting,
    traces
  } = options
  const { ledger, signals } = foundation
  const search = !needsAgent ? undefined : AgentSearch.make({
    tracker,
    probe,
    signals,
    pending: () => ridersNeedAgent ? Ledgers.pending(ledger.snapshot()) : outboxes.size(),
    onFound: Effect.suspend(() => {
      if (tracker.isAgentless()) reports.onAgentGivenUp()
      return Effect.map(traces === undefined ? Effect.void : Slices.run(traces.hold.release), () => {
        signals.traces.urge()
        signals.intake.urge(ownAccount)
      })
    })
  })
  return Effect.map(
    DeliveryLoop.make({
      ...foundation,
      flushTimeoutMillis: settings.flushTimeoutMillis,
      log: reports,
      lanes,
      outboxes,
      search,
      stopWaiting,
      traces,
      atExit: ProcessExit.onExit
    }),
    (loop) => ({
      loop,
      delivery: { flush: loop.flush, ledger: Effect.sync(ledger.snapshot), setAside: options.readSetAside }
    })
  )
}
