/**
 * The port to the delivery of events: flush and read the books.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Ledger from "../domain/delivery/Ledger.ts"
import type { SetAside } from "../domain/delivery/SetAside.ts"

/**
 * What a flush achieved: how many events were settled while it ran, by what became of them, and how many were not before
 * the deadline (`pending`). `transferred` ones are in a queue or a store from which other processes deliver.
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
 * @category services
 * @since 0.1.0
 */
export interface DeliveryService {
  readonly flush: Effect.Effect<FlushReport>
  readonly ledger: Effect.Effect<Ledger.Ledger>
  /** Events that nobody takes, oldest first. */
  readonly setAside: Effect.Effect<ReadonlyArray<SetAside>>
}

/**
 * The delivery of the region. Without a layer there is nothing to deliver and the books are empty.
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
