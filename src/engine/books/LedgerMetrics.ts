/**
 * The ledger as metrics, for dashboards and alarms.
 *
 * **Details**
 *
 * One gauge, `llmobs.events`, with an attribute `state` and, for dropped events, `reason`. The states that end an event
 * (`delivered.agent`, `delivered.intake`, `transferred`, `dropped`) only grow while the layer lives.
 */
import type * as Context from "effect/Context"
import * as Metric from "effect/Metric"
import * as Ledgers from "../../domain/delivery/Ledger.ts"

/** The name of the gauge. */
const name = "llmobs.events"

const description = "LLM Observability events, by where they are"

const gauge = (attributes: { readonly [key: string]: string }) => Metric.gauge(name, { description, attributes })

const states: ReadonlyArray<readonly [Metric.Gauge<number>, (books: Ledgers.Ledger) => number]> = [
  [gauge({ state: "enqueued" }), (books) => books.enqueued],
  [gauge({ state: "pending.chunk" }), (books) => books.pending.chunk],
  [gauge({ state: "pending.payload" }), (books) => books.pending.payload],
  [gauge({ state: "pending.outbox" }), (books) => books.pending.outbox],
  [gauge({ state: "delivered.agent" }), (books) => books.delivered.agent],
  [gauge({ state: "delivered.intake" }), (books) => books.delivered.intake],
  [gauge({ state: "transferred" }), (books) => books.transferred],
  [gauge({ state: "possibleDuplicates" }), (books) => books.possibleDuplicates],
  [gauge({ state: "lastChance" }), (books) => books.lastChance],
  [gauge({ state: "redelivered" }), (books) => books.redelivered],
  ...Ledgers.dropReasons.map((reason) =>
    [gauge({ state: "dropped", reason }), (books: Ledgers.Ledger) => books.dropped[reason]] as const
  )
]

/** Writes the ledger into the metrics of a context. */
export const update = (books: Ledgers.Ledger, context: Context.Context<never>): void => {
  for (const [metric, read] of states) metric.updateUnsafe(read(books), context)
}
