/**
 * The load of a queue of relays as metrics, for dashboards and alarms.
 *
 * **Details**
 *
 * One gauge, `llmobs.queue`, with the attributes `queue` (its name) and `state`: `waiting`, `claimed`, `setAside` and
 * `limit`, as in `QueueStatus`. Each process that hands events to the queue and each relay writes its own gauge. They
 * show the same values, a few seconds apart.
 * they show is the same, a few seconds apart.
 */
import type * as Context from "effect/Context"
import * as Metric from "effect/Metric"
import type { QueueStatus } from "../../ports/RelayQueue.ts"

/** The name of the gauge. */
export const name = "llmobs.queue"

const description = "The queue of the LLM Observability relays, by what becomes of what is in it"

const states = ["waiting", "claimed", "setAside", "limit"] as const

/** Makes a function that writes the state of a queue into the metrics of a context. */
export const make = (queue: string, context: Context.Context<never>): (status: QueueStatus) => void => {
  const gauges = states.map((state) =>
    [state, Metric.gauge(name, { description, attributes: { queue, state } })] as const
  )
  return (status) => {
    for (const [state, gauge] of gauges) gauge.updateUnsafe(status[state], context)
  }
}
