/**
 * The end of the demonstration: send what waits, fetch what the Agent holds, compare, and say what came of it.
 */
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

/** What happened on this side. `answered` lacks the conversations that were cut off. */
export interface Run {
  readonly conversations: ReadonlyArray<Conversation>
  readonly answered: ReadonlyArray<Answered>
  readonly sightings: ReadonlyArray<Sighting>
}

type Received = ReturnType<typeof LLMObs.DevAgent.Service["events"]>[number]

const routes = { trace: "rode", evp: "rescued", direct: "sent straight to the intake" } as const

const text = (value: unknown): string | undefined => typeof value === "string" ? value : undefined

const property = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null ? (value as { readonly [key: string]: unknown })[key] : undefined

const held = ({ apmTraceId, event, spanId, traceId, via }: Received): Comparison.Held => {
  const tags = Array.isArray(event["tags"]) ? event["tags"].map(String) : []
  const tag = (key: string) => tags.find((item) => item.startsWith(`${key}:`))?.slice(key.length + 1)
  return {
    route: routes[via],
    spanId,
    traceId,
    apmTraceId,
    parentId: String(event["parent_id"]),
    name: String(event["name"]),
    kind: text(property(property(event["meta"], "span"), "kind")) ?? text(property(event["meta"], "span.kind")) ?? "?",
    durationMillis: Number(event["duration"]) / 1e6,
    session: text(event["session_id"]),
    userId: tag("usr.id"),
    accountId: tag("usr.account_id")
  }
}

const books = (ledger: LLMObs.Ledger): Comparison.Books => ({
  delivered: Ledger.delivered(ledger),
  rode: ledger.delivered.agent,
  rescued: ledger.delivered.intake,
  dropped: Ledger.dropped(ledger),
  pending: Ledger.pending(ledger)
})

/** Settles a run, and prints how; fails when anything does not agree. */
export const settle = Effect.fnUntraced(function*(run: Run, paint: Report.Paint) {
  yield* LLMObs.flush
  const agent = yield* LLMObs.DevAgent
  const sides = { ...run, held: agent.events().map(held), books: books(yield* LLMObs.ledger) }
  const shown = run.conversations.find(({ id }) => sides.sightings.some(({ conversation }) => conversation === id))
  const disagreements = Comparison.compare(sides)
  const total = run.conversations.length
  const lines = [
    ...(run.answered.length < total ? [`Stopped early: ${run.answered.length} of ${total} were answered.`] : []),
    "",
    ...(shown === undefined ? [] : [...Report.tree(shown, sides.sightings, sides.held, paint), ""]),
    ...Report.table(run.conversations, sides.sightings, sides.held, paint),
    "",
    ...(disagreements.length === 0
      ? [paint("green", `Agreed, event by event, with the ${sides.held.length} that the Agent holds.`)]
      : Report.explanation(disagreements, paint)),
    Report.closing(sides.books)
  ]
  yield* Console.log(lines.join("\n"))
  if (disagreements.length > 0) return yield* new Disagreement({ found: disagreements })
})
