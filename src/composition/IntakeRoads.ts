/**
 * The roads to the LLM intake, by account: lanes, shippers and their signals.
 */
import type { SpanRecord } from "../domain/span/SpanRecord.ts"
import * as AccountLanes from "../engine/lane/AccountLanes.ts"
import type { AgentTracker } from "../engine/lane/AgentTracker.ts"
import * as IntakeLane from "../engine/lane/IntakeLane.ts"
import type * as IntakePayload from "../engine/lane/IntakePayload.ts"
import * as Shipper from "../engine/lane/Shipper.ts"
import type { OutboxesService } from "../ports/Outbox.ts"
import { ownAccount } from "../ports/Outbox.ts"
import type { DeliveryReports } from "./DeliveryReports.ts"
import { maxAgeMillis } from "./EventStore.ts"
import type { Foundation } from "./Foundation.ts"
import * as IntakeWakes from "./IntakeWakes.ts"

export interface IntakeRoads<R = SpanRecord> {
  readonly lanes: AccountLanes.AccountLanes<IntakePayload.Payload<R>>
  /** Opens the road of an account. Returns `false` if there are too many. An open road is not changed. */
  readonly open: (account: string, destination: () => IntakePayload.Destination<R> | undefined) => boolean
}

export const make = <R = SpanRecord>(options: {
  readonly foundation: Foundation
  readonly reports: DeliveryReports
  readonly tracker: AgentTracker
  readonly outboxes: Pick<OutboxesService<R>, "of">
  /** Where the events are held. Without a limit any event is sent as soon as possible. */
  readonly budget: IntakeLane.Options<R>["budget"] & {
    readonly limit?: number | undefined
    readonly used?: (() => number) | undefined
  }
  /** Called with each undeliverable event, before it is dropped. */
  readonly onSetAside: (dropped: IntakeLane.SetAside<R>) => void
}): IntakeRoads<R> => {
  const { foundation: { ids, ledger, pace, signals }, reports, tracker } = options
  const { limit = Infinity, used = () => 0 } = options.budget
  const filled = () => used() / limit
  const lanes = AccountLanes.make<IntakePayload.Payload<R>>(
    signals.intake,
    (lane, signal) => Shipper.make(lane, { ...pace, filled, signal, maxInFlight: IntakeLane.maxInFlight })
  )
  const readyBytes = limit === Infinity ? undefined : IntakeWakes.urgentBytes({ limit })
  return {
    lanes,
    open: (name, destination) =>
      lanes.open(name, () => {
        const account = name === ownAccount ? undefined : name
        return reports.around(
          account,
          IntakeLane.make({
            outbox: options.outboxes.of(name),
            account,
            ledger,
            budget: options.budget,
            random: ids.random,
            destination,
            targetBytes: IntakeLane.targetBytes,
            readyBytes,
            maxAgeMillis,
            onRediscover: tracker.refuseEvp,
            onReachable: tracker.reachable,
            onSetAside: options.onSetAside
          })
        )
      })
  }
}
