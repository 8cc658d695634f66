/**
 * The end of the demonstration: send what waits, fetch what the Agent holds, compare, and say what came of it.
 */
import type { EventView } from "effect-llmobs/core"
import { Ledger } from "effect-llmobs/core"
import * as LLMObs from "effect-llmobs/LLMObs"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import * as Comparison from "./Comparison.ts"
import type { Conversation } from "./Conversations.ts"
import type { Answered } from "./Driver.ts"
import * as Report from "./Report.ts"
import type { Sighting } from "./Witness.ts"

/** The Agent, the books and the program do not agree. It has been printed, so `runMain` need not say it again. */
class Disagreement extends Data.TaggedError("Disagreement")<{ readonly found: ReadonlyArray<string> }> {
  override readonly [Runtime.errorReported] = false
}

/** The run as this side saw it. `answered` lacks the conversations that were cut off. */
export interface Run {
  readonly conversations: ReadonlyArray<Conversation>
  readonly answered: ReadonlyArray<Answered>
  readonly sightings: ReadonlyArray<Sighting>
}

const routes = { trace: "rode", evp: "rescued", direct: "sent straight to the intake" } as const

const held = (event: EventView.EventView): Comparison.Held => ({
  route: routes[event.route],
  spanId: event.spanId,
  traceId: event.traceId,
  apmTraceId: event.apmTraceId ?? "",
  parentId: event.parentId ?? "undefined",
  name: event.name,
  session: event.sessionId,
  userId: event.tags["usr.id"],
  accountId: event.tags["usr.account_id"]
})

const books = (ledger: LLMObs.Ledger): Comparison.Books => ({
  delivered: Ledger.delivered(ledger),
  rode: ledger.delivered.agent,
  rescued: ledger.delivered.intake,
  dropped: Ledger.dropped(ledger),
  pending: Ledger.pending(ledger)
})

/** Settles a run, and prints how; fails when anything does not agree. */
export const settle = Effect.fnUntraced(function*(run: Run, terminal: Report.Terminal) {
  yield* LLMObs.flush
  const agent = yield* LLMObs.DevAgent
  const { paint } = terminal
  const events = agent.spans()
  const sides = { ...run, held: events.map(held), books: books(yield* LLMObs.ledger) }
  const shown = run.conversations.find(({ id }) => sides.sightings.some(({ conversation }) => conversation === id))
  const disagreements = Comparison.compare(sides)
  const total = run.conversations.length
  const lines = [
    ...(run.answered.length < total ? [`Stopped early: ${run.answered.length} of ${total} were answered.`] : []),
    "",
    ...(shown === undefined ? [] : [...Report.tree(shown, sides.sightings, events, agent.sampledOut, terminal), ""]),
    ...Report.table(run.conversations, sides.sightings, sides.held, paint),
    ...Report.legend,
    "",
    ...(disagreements.length === 0
      ? [paint("green", `Agreed, event by event, with the ${sides.held.length} that the Agent holds.`)]
      : Report.explanation(disagreements, paint)),
    Report.closing(sides.books)
  ]
  yield* Console.log(lines.join("\n"))
  if (disagreements.length > 0) return yield* new Disagreement({ found: disagreements })
})
