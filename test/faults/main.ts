/**
 * Runs the fault matrix against real sockets and prints a line for each row. `--short` waits less where a row waits for a
 * time of day, and is what CI runs. Exit code 1 when a row falls short.
 */
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import * as Durable from "./Durable.ts"
import * as Fleet from "./Fleet.ts"
import { run } from "./Row.ts"
import type { Result } from "./Row.ts"
import { rows } from "./Rows.ts"
import * as Signals from "./Signals.ts"

const short = process.argv.includes("--short")
const only = process.argv.slice(2).find((argument) => !argument.startsWith("--"))

const line = (result: Result): string =>
  [
    result.row.padEnd(36),
    String(result.offered).padStart(7),
    String(result.arrived).padStart(8),
    String(result.again).padStart(6),
    String(result.counted).padStart(8),
    String(result.pending).padStart(8),
    (result.law ? "yes" : "NO").padStart(4),
    `  ${result.promised.padEnd(19)}`,
    result.problem === undefined ? "held" : `FELL SHORT: ${result.problem}`,
    result.dropped === "" ? "" : `(dropped: ${result.dropped})`
  ].join(" ")

const header = `${"row".padEnd(36)} offered  arrived  again  counted  pending  law  promised            verdict`

const matrix = Effect.gen(function*() {
  console.log(header)
  if (Fleet.missing !== undefined) console.log(`The rows with Redis are left out: ${Fleet.missing}.`)
  const files = Fs.mkdtempSync(Path.join(Os.tmpdir(), "faults-"))
  yield* Effect.addFinalizer(() => Effect.sync(() => Fs.rmSync(files, { recursive: true, force: true })))
  const matrix = [
    ...[...rows, ...Durable.rows(files)].map((row) => ({ name: row.name, run: run(row, short) })),
    ...(["SIGTERM", "SIGINT"] as const).map((signal) => ({ name: signal, run: Signals.run(signal) })),
    { name: "kill -9", run: Durable.run(short ? 5 : 50) },
    ...(Fleet.missing === undefined ? Fleet.rows : [])
  ]
  const results = yield* Effect.forEach(
    matrix.filter((row) => only === undefined || row.name.includes(only)),
    (row) => Effect.tap(Effect.scoped(row.run), (result) => Effect.sync(() => console.log(line(result)))),
    { concurrency: 6 }
  )
  const short_ = results.filter((result) => result.problem !== undefined).length
  console.log(`\n${results.length - short_} rows held, ${short_} fell short`)
  return short_ === 0 ? 0 : 1
})

process.exitCode = await Effect.runPromise(Effect.scoped(matrix))
