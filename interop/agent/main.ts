/**
 * Runs the library in front of Datadog's own trace-agent, and looks behind the Agent at what arrived.
 *
 * @since 0.1.0
 */
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Ports from "../../test/layers/Ports.ts"
import * as FakeIntake from "./FakeIntake.ts"
import type { Row } from "./Rows.ts"
import { rows } from "./Rows.ts"
import * as TraceAgent from "./TraceAgent.ts"
import * as Verdict from "./Verdict.ts"
import type { World } from "./World.ts"
import { flushAll } from "./World.ts"

const rowMillis = 180_000
const atOnce = 4

interface Result {
  readonly row: Row
  readonly verdict: Verdict.Verdict
  readonly log: ReadonlyArray<string>
}

// A row has an intake and an Agent of its own. The Agent is stopped before the intake is looked at: it sends what it
// holds when it stops, so nothing is waited for.
const run = async (row: Row): Promise<Result> => {
  const intake = await FakeIntake.start(row.reply ?? (() => "take"))
  const config = row.agent ?? {}
  const port = await Effect.runPromise(Ports.reserve)
  let agent: TraceAgent.TraceAgent | undefined = await TraceAgent.start({ intake: intake.address, port, config })
  const stopAgent = async () => {
    await agent?.stop()
    agent = undefined
  }
  const startAgent = async () => {
    agent = await TraceAgent.start({ intake: intake.address, port, config })
  }
  const offered: Array<string> = []
  const log: Array<string> = []
  const failures: Array<string> = []
  const world: World = {
    mark: `mark of ${row.name}`,
    offer: (spanId) => offered.push(spanId),
    startAgent: Effect.promise(startAgent),
    stopAgent: Effect.promise(stopAgent)
  }
  let ledger: LLMObs.Ledger | undefined
  try {
    if (row.agentLate === true) await stopAgent()
    const settings = ConfigProvider.layer(ConfigProvider.fromEnv({
      env: {
        DD_LLMOBS_ML_APP: "interop",
        // An answer that comes late, because the machine is busy, is no fault of a row.
        _DD_LLMOBS_WRITER_TIMEOUT: "60",
        DD_TRACE_AGENT_TIMEOUT_SECONDS: "60",
        DD_SERVICE: "interop",
        DD_TRACE_AGENT_URL: `http://127.0.0.1:${port}`,
        ...row.env
      }
    }))
    const logger = Logger.layer([Logger.make((entry) => log.push(String(entry.message)))])
    await Effect.runPromise(
      row.program(world).pipe(
        Effect.andThen(flushAll),
        Effect.andThen(LLMObs.ledger),
        Effect.map((books) => {
          ledger = books
        }),
        Effect.provide(LLMObs.layerFromConfig()),
        Effect.provide(Layer.merge(settings, logger)),
        Effect.timeout(rowMillis)
      )
    )
  } catch (error) {
    failures.push(`the program failed: ${String(error)}`)
  }
  await stopAgent().catch((error: unknown) => failures.push(String(error)))
  await intake.close()
  const complaints = [...failures, ...intake.complaints]
  return { row, verdict: Verdict.judge(row, world.mark, offered, { ...intake, complaints }, ledger), log }
}

const runAll = (): Promise<Array<Result>> =>
  Effect.runPromise(Effect.forEach(rows, (row) => Effect.promise(() => run(row)), { concurrency: atOnce }))

const columns = ["row", "offered", "by trace", "by EVP", "again", "APM spans", "promise", "verdict"] as const

const print = (results: ReadonlyArray<Result>): void => {
  const lines = results.map(({ row, verdict }) => [
    row.name,
    String(verdict.offered),
    String(verdict.byTrace),
    String(verdict.byEvp),
    String(verdict.duplicates),
    String(verdict.apmSpans),
    row.promise,
    verdict.shortcomings.length === 0 ? "held" : "fell short"
  ])
  const widths = columns.map((column, i) => Math.max(column.length, ...lines.map((line) => line[i]!.length)))
  const line = (cells: ReadonlyArray<string>) => cells.map((cell, i) => cell.padEnd(widths[i]!)).join("  ").trimEnd()
  console.log(line(columns))
  console.log(widths.map((width) => "-".repeat(width)).join("  "))
  for (const cells of lines) console.log(line(cells))
  for (const { log, row, verdict } of results) {
    if (verdict.shortcomings.length === 0) continue
    console.log(`\n${row.name}:`)
    for (const shortcoming of verdict.shortcomings) console.log(`  ${shortcoming}`)
    for (const entry of log) console.log(`  log: ${entry}`)
  }
}

if (!TraceAgent.isGoInstalled()) {
  console.log("skipped: Go is not installed")
} else {
  TraceAgent.build()
  const results = await runAll()
  print(results)
  const short = results.filter(({ verdict }) => verdict.shortcomings.length > 0).length
  console.log(`\n${results.length - short} rows held, ${short} fell short`)
  process.exitCode = short === 0 ? 0 : 1
}
