/**
 * The port to the delivery of events: flush, and read the ledger.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Ledger from "../domain/delivery/Ledger.ts"
import type { SetAside } from "../domain/delivery/SetAside.ts"

/**
 * The result of a flush: the numbers of events settled while it ran, by outcome, and of those not settled before the
 * deadline (`pending`). `transferred` events are in a queue or a store from which other processes deliver, or with another tracer.
 *
 * @category models
 * @since 0.1.0
 */
export interface FlushReport {
  readonly delivered: number
  readonly transferred: number
  readonly dropped: number
  readonly pending: number
  readonly timedOut: boolean
}

/**
 * The delivery of a layer. No effect fails.
 *
 * @category services
 * @since 0.1.0
 */
export interface DeliveryService {
  readonly flush: Effect.Effect<FlushReport>
  readonly ledger: Effect.Effect<Ledger.Ledger>
  /** The undeliverable events, oldest first. */
  readonly setAside: Effect.Effect<ReadonlyArray<SetAside>>
}

/**
 * The delivery of the current layer. Without a layer there is nothing to deliver and the ledger is empty.
 *
 * @category services
 * @since 0.1.0
 */
export const Delivery: Context.Reference<DeliveryService> = Context.Reference<DeliveryService>(
  "effect-llmobs/ports/Delivery",
  {
    defaultValue: () => ({
      flush: Effect.succeed({ delivered: 0, transferred: 0, dropped: 0, pending: 0, timedOut: false }),
      ledger: Effect.succeed(Ledger.empty),
      setAside: Effect.succeed([])
    })
  }
)
