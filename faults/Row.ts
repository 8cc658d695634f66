/**
 * One row of the fault matrix: a program that makes events while something goes wrong, and what must have become of them.
 */
import * as LLMObs from "effect-llmobs/LLMObs"
import * as Clock from "effect/Clock"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Path from "node:path"
import * as DevAgents from "../src/adapters/devagent/DevAgent.ts"
import * as Ledgers from "../src/domain/delivery/Ledger.ts"
import { Delivery } from "../src/ports/Delivery.ts"
import { eventually } from "./Eventually.ts"
import * as FaultProxy from "./FaultProxy.ts"
import type { Promised, Result } from "./Verdict.ts"
import { judge } from "./Verdict.ts"

/** By itself through the Agent's proxy, or direct; or on a trace. */
export type Road = "intake" | "trace"

/** `bytes`: how long the input of each is. `name`: what the names begin with, which end with a number from 0 on. */
export interface Emission {
  readonly road?: Road
  readonly bytes?: number
  readonly name?: string
}

export interface Stage {
  readonly agent: DevAgents.DevAgent
  readonly proxy: FaultProxy.FaultProxy
  readonly short: boolean
  /** A path of this row's own. */
  readonly place: string
  /** Makes events. Those of a rejected trace go to the intake, others ride. */
  readonly emit: (events: number, options?: Emission) => Effect.Effect<void>
  /** Waits until nothing is pending, and asks for nothing. The row falls short if it takes longer than the given time. */
  readonly wait: (millis: number) => Effect.Effect<void>
  /** Flushes until nothing is pending, for at most the given time. */
  readonly settle: (millis: number) => Effect.Effect<void>
  readonly pending: Effect.Effect<number>
  /** The log of the program. */
  readonly logged: () => ReadonlyArray<string>
}

export interface Row {
  readonly name: string
  readonly promised: Promised | ((short: boolean) => Promised)
  /** Runs in the layer. A text that it gives is what the row fell short of. */
  readonly run: (stage: Stage) => Effect.Effect<string | void, never, Scope.Scope>
  readonly env?: { readonly [name: string]: string }
  readonly options?: LLMObs.Options | ((stage: Stage) => LLMObs.Options)
  /** Without an Agent and with a key: to the intake, for which the proxy stands. */
  readonly direct?: boolean
  readonly lateAgent?: boolean
  /** The row makes this process stand still, which other rows would suffer from, so it runs by itself. */
  readonly alone?: boolean
  readonly clock?: Clock.Clock
  /** Something that is there before the program and after it. A text says why the row is left out. */
  readonly prepare?: (stage: Stage) => Effect.Effect<string | void, never, Scope.Scope>
  /** Runs when the layer has closed, before another process of these options delivers what is left. */
  readonly between?: (stage: Stage) => Effect.Effect<string | void, never, Scope.Scope>
  readonly next?: (stage: Stage) => LLMObs.Options
  /** The further steps of the other process. */
  readonly nextRun?: Row["run"]
  readonly after?: (stage: Stage) => Effect.Effect<string | void>
  /** The ids of what arrived, where that is not at the Agent of the stage. */
  readonly received?: Effect.Effect<ReadonlyArray<string>>
}

/** The key of direct rows. */
export const apiKey = "0123456789abcdef0123456789abcdef"

// An answer that comes late, because the machine is busy, is no fault of a row.
const patient = { _DD_LLMOBS_WRITER_TIMEOUT: "60", DD_TRACE_AGENT_TIMEOUT_SECONDS: "60" }

let traces = 0

// Each trace has a caller of its own, whose decision sends the events by one road or the other.
const caller = (road: Road) => ({
  "x-datadog-trace-id": String(1_000_000 + ++traces),
  "x-datadog-parent-id": "7",
  "x-datadog-sampling-priority": road === "trace" ? "2" : "-1"
})

const emit: Stage["emit"] = (events, { bytes = 10, name = "call", road = "intake" } = {}) =>
  Effect.forEach(
    Array.from({ length: events }),
    (_, index) =>
      Effect.succeed("an answer").pipe(
        LLMObs.llm(`${name}-${index}`, {
          model: "m",
          provider: "p",
          input: "0123456789".repeat(bytes / 10),
          output: (text) => text
        }),
        LLMObs.extract(caller(road))
      ),
    { discard: true }
  )

const pending = Effect.map(LLMObs.ledger, Ledgers.pending)

const waiting = (onStuck: (problem: string) => void): Stage["wait"] => (millis) =>
  Effect.gen(function*() {
    if (yield* eventually(Effect.map(pending, (left) => left === 0), millis)) return
    onStuck(`${yield* pending} were still pending after ${millis} ms`)
  })

/** Flushes until nothing is pending and the rest is done too, for at most so many milliseconds. */
export const settle = (millis: number, rest: Effect.Effect<boolean> = Effect.succeed(true)): Effect.Effect<void> =>
  Effect.gen(function*() {
    const deadline = performance.now() + millis
    while (performance.now() < deadline) {
      const report = yield* LLMObs.flush
      if (report.pending === 0 && (yield* rest)) return
      yield* Effect.sleep(5)
    }
  })

/** Waits until a process has found what another left, if that left something: a busy machine takes a while to read it. */
export const adopted = (left: number): Effect.Effect<void> =>
  left === 0
    ? Effect.void
    : Effect.asVoid(eventually(Effect.map(LLMObs.ledger, (books) => books.redelivered > 0), 10_000))

const shutdownLine = /(\d+) events could not be sent before the end and are lost/

/** Runs a row with an Agent, a proxy and a layer of its own, and looks at all three. A text says why it was left out. */
export const run = (row: Row, short: boolean, files: string): Effect.Effect<Result | string, never, Scope.Scope> =>
  Effect.gen(function*() {
    const agent = yield* Effect.orDie(DevAgents.make())
    const proxy = yield* FaultProxy.make(agent, { listening: row.lateAgent !== true })
    const logged: Array<string> = []
    let stuck: string | undefined
    const stage: Stage = {
      agent,
      proxy,
      short,
      place: Path.join(files, row.name.replaceAll(/[^a-z0-9]+/gi, "-")),
      emit,
      wait: waiting((problem) => {
        stuck ??= problem
      }),
      settle,
      pending,
      logged: () => logged
    }
    const leftOut = yield* row.prepare?.(stage) ?? Effect.void
    if (typeof leftOut === "string") return leftOut
    const books: Array<Ledgers.Ledger> = []
    let unbalanced: Ledgers.Ledger | undefined
    const watch = Effect.forever(Effect.andThen(
      Effect.map(LLMObs.ledger, (ledger) => {
        if (!Ledgers.balances(ledger)) unbalanced ??= ledger
      }),
      Effect.sleep(5)
    ))
    const inLayer = <A>(body: Effect.Effect<A, never, Scope.Scope>, options: LLMObs.Options) =>
      Effect.gen(function*() {
        let ledger = LLMObs.ledger
        const env = { ...patient, DD_LLMOBS_ML_APP: "faults", ...row.env }
        const before = logged.length
        const result = yield* Effect.gen(function*() {
          ledger = (yield* Delivery).ledger
          yield* Effect.forkScoped(watch)
          return yield* body
        }).pipe(
          Effect.scoped,
          Effect.provide(LLMObs.layerFromConfig({
            flushInterval: "50 millis",
            flushTimeout: "3 seconds",
            agentUrl: agent.url,
            ...options
          })),
          Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown(env)),
          Effect.provide(Logger.layer([Logger.make(({ message }) => {
            logged.push(String(message))
          })])),
          (program) => row.clock === undefined ? program : Effect.provideService(program, Clock.Clock, row.clock)
        )
        const end = yield* ledger
        books.push(end)
        // The events that memory still held are counted and logged with their number.
        const said = logged.slice(before).map((line) => Number(shutdownLine.exec(line)?.[1] ?? 0))
        const lost = Math.max(0, ...said)
        return typeof result === "string" || lost === end.dropped.shutdown
          ? result
          : `${end.dropped.shutdown} were dropped at the end, and ${lost} were spoken of`
      })
    const road: LLMObs.Options = row.direct === true
      ? { agentless: true, apiKey: Redacted.make(apiKey), site: "datadoghq.eu", overrideOrigin: proxy.url }
      : { agentUrl: proxy.url }
    const own = typeof row.options === "function" ? row.options(stage) : row.options
    let problem = yield* inLayer(row.run(stage), { ...road, ...own })
    problem ??= yield* Effect.scoped(row.between?.(stage) ?? Effect.void)
    if (row.next !== undefined) {
      const left = Ledgers.pending(books[0]!)
      const last = yield* inLayer(
        Effect.andThen(adopted(left), Effect.tap(row.nextRun?.(stage) ?? Effect.void, settle(20_000))),
        row.next(stage)
      )
      problem ??= last
    }
    problem ??= yield* row.after?.(stage) ?? Effect.void
    problem ??= stuck
    return judge(row.name, typeof row.promised === "function" ? row.promised(short) : row.promised, {
      books,
      ids: yield* row.received ?? Effect.sync(() => agent.events().map((event) => event.spanId)),
      unbalanced,
      problem: problem ?? undefined
    })
  })
