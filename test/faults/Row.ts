/**
 * One row of the fault matrix: a program that makes events while something goes wrong, and what must have become of them.
 */
import * as LLMObs from "effect-llmobs/LLMObs"
import * as Clock from "effect/Clock"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as DevAgents from "../../src/adapters/devagent/DevAgent.ts"
import * as Ledgers from "../../src/domain/Ledger.ts"
import * as FaultProxy from "./FaultProxy.ts"

/** What is promised of a row's events: `all` arrive, or none is lost silently and the books say how many are. */
export type Promised = "all, once" | "all, at least once" | "counted" | "counted, none left"

export interface Stage {
  readonly agent: DevAgents.DevAgent
  readonly proxy: FaultProxy.FaultProxy
  /** Makes events. Those of a rejected trace go to the intake, those of a kept one ride. */
  readonly emit: (events: number, route?: "intake" | "trace") => Effect.Effect<void>
  /** Flushes until nothing is pending, for at most the given time. */
  readonly settle: (millis: number) => Effect.Effect<void>
}

export interface Row {
  readonly name: string
  readonly promised: Promised
  readonly run: (stage: Stage, short: boolean) => Effect.Effect<void>
  readonly env?: { readonly [name: string]: string }
  readonly options?: LLMObs.Options
  readonly lateAgent?: boolean
  readonly clock?: Clock.Clock
}

export interface Result {
  readonly row: string
  readonly promised: Promised
  readonly offered: number
  readonly arrived: number
  readonly again: number
  readonly counted: number
  readonly dropped: string
  readonly pending: number
  readonly law: boolean
  readonly problem: string | undefined
}

let traces = 0

// Each trace has a caller of its own, whose decision sends the events by one road or the other.
const caller = (route: "intake" | "trace") => ({
  "x-datadog-trace-id": String(1_000_000 + ++traces),
  "x-datadog-parent-id": "7",
  "x-datadog-sampling-priority": route === "trace" ? "2" : "-1"
})

const emit: Stage["emit"] = (events, route = "intake") =>
  Effect.forEach(
    Array.from({ length: events }),
    (_, index) =>
      Effect.succeed("an answer").pipe(
        LLMObs.llm(`call-${index}`, { model: "m", provider: "p", input: "a question", output: (text) => text }),
        LLMObs.extract(caller(route))
      ),
    { discard: true }
  )

const settle: Stage["settle"] = (millis) =>
  Effect.gen(function*() {
    const deadline = Date.now() + millis
    while (Date.now() < deadline) {
      const report = yield* LLMObs.flush
      if (report.pending === 0) return
    }
  })

/** Runs a row with an Agent, a proxy and a layer of its own, and looks at all three. */
export const run = (row: Row, short: boolean): Effect.Effect<Result, never, Scope.Scope> =>
  Effect.gen(function*() {
    const agent = yield* Effect.orDie(DevAgents.make())
    const proxy = yield* FaultProxy.make(agent, { listening: row.lateAgent !== true })
    const env = ConfigProvider.fromUnknown({ DD_LLMOBS_ML_APP: "faults", _DD_LLMOBS_WRITER_TIMEOUT: "1", ...row.env })
    const books = yield* Effect.andThen(
      row.run({ agent, proxy, emit, settle }, short),
      LLMObs.ledger
    ).pipe(
      Effect.provide(LLMObs.layerFromConfig({
        agentUrl: proxy.url,
        flushInterval: "50 millis",
        flushTimeout: "3 seconds",
        ...row.options
      })),
      Effect.provideService(ConfigProvider.ConfigProvider, env),
      (program) => row.clock === undefined ? program : Effect.provideService(program, Clock.Clock, row.clock)
    )
    const ids = agent.events().map((event) => event.spanId)
    const unique = new Set(ids).size
    const result: Result = {
      row: row.name,
      promised: row.promised,
      offered: books.enqueued,
      arrived: unique,
      again: ids.length - unique,
      counted: books.possibleDuplicates,
      dropped: Ledgers.dropReasons.filter((reason) => books.dropped[reason] > 0)
        .map((reason) => `${reason} ${books.dropped[reason]}`).join(", "),
      pending: Ledgers.pending(books),
      law: Ledgers.balances(books),
      problem: undefined
    }
    return { ...result, problem: judge(row.promised, result, books) }
  })

const judge = (promised: Promised, result: Result, books: Ledgers.Ledger): string | undefined => {
  if (!result.law) return "the books do not balance"
  if (result.offered === 0) return "the row offered nothing"
  if (result.again > result.counted) return `${result.again} arrived again and ${result.counted} were counted`
  if (promised === "counted" || promised === "counted, none left") {
    if (promised === "counted, none left" && result.pending > 0) return `${result.pending} are still pending`
    const lost = result.offered - result.arrived
    return lost <= Ledgers.dropped(books) + result.pending ? undefined : `${lost} are missing and not in the books`
  }
  if (result.arrived !== result.offered) return `${result.offered - result.arrived} did not arrive`
  if (result.pending !== 0) return `${result.pending} are still pending`
  if (promised === "all, once" && result.again > 0) return `${result.again} arrived again`
  return undefined
}
