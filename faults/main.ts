/**
 * Runs the fault matrix against real sockets and prints a line for each row. `--short` waits less where a row waits for a
 * time of day and kills fewer processes, and is what CI runs; a word runs the rows whose names have it. Exit code 1 when a
 * row falls short.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import * as AccountRows from "./AccountRows.ts"
import * as DiskRows from "./DiskRows.ts"
import * as Fleet from "./Fleet.ts"
import * as ProcessRows from "./ProcessRows.ts"
import * as Row from "./Row.ts"
import * as SocketRows from "./SocketRows.ts"
import * as StatusRows from "./StatusRows.ts"
import * as TimeRows from "./TimeRows.ts"
import type { Result } from "./Verdict.ts"
import * as WayRows from "./WayRows.ts"

const short = process.argv.includes("--short")
const only = process.argv.slice(2).find((argument) => !argument.startsWith("--"))

const nameWidth = -48

const columns: ReadonlyArray<
  readonly [title: string, width: number, text: (result: Result, seconds: string) => string]
> = [
  ["row", nameWidth, (result) => result.row],
  ["offered", 7, (result) => String(result.offered)],
  ["delivered", 9, (result) => String(result.delivered)],
  [
    "duplicates",
    14,
    (result) => result.possible === 0 ? String(result.duplicates) : `${result.duplicates} of ${result.possible}`
  ],
  ["dropped(reason)", 17, (result) => result.dropped === "" ? "0" : result.dropped],
  ["pending", 7, (result) => String(result.pending)],
  ["law", 4, (result) => result.law ? "held" : "NO"],
  ["promised", -36, (result) => ` ${result.promised}`],
  ["took", 6, (_, seconds) => seconds],
  ["verdict", 0, (result) => result.problem === undefined ? "held" : `FELL SHORT: ${result.problem}`]
]

const pad = (text: string, width: number) => width < 0 ? text.padEnd(-width) : text.padStart(width)

const line = (result: Result, seconds: string): string =>
  columns.map(([, width, text]) => pad(text(result, seconds), width)).join(" ")

interface Runnable {
  readonly name: string
  readonly alone?: boolean | undefined
  /** A text says why the row is left out. */
  readonly run: Effect.Effect<Result | string, never, Scope.Scope>
}

const run = (row: Runnable) =>
  Effect.map(Effect.timed(Effect.scoped(row.run)), ([took, result]) => {
    const seconds = `${(Duration.toMillis(took) / 1_000).toFixed(1)} s`
    const printed = typeof result === "string"
      ? `${pad(row.name, nameWidth)} left out: ${result}`
      : line(result, seconds)
    console.log(printed)
    return { result, printed }
  })

const matrix = Effect.gen(function*() {
  const started = performance.now()
  console.log(columns.map(([title, width]) => pad(title, width)).join(" "))
  console.log("duplicates: how many arrived again, of so many that the books counted as possible")
  const files = Fs.mkdtempSync(Path.join(Os.tmpdir(), "faults-"))
  yield* Effect.addFinalizer(() => Effect.sync(() => Fs.rmSync(files, { recursive: true, force: true })))
  // Those that take longest come first.
  const own = [
    ...DiskRows.rows,
    ...AccountRows.rows,
    ...TimeRows.rows,
    ...WayRows.rows,
    ...SocketRows.rows,
    ...StatusRows.rows
  ]
  const all: ReadonlyArray<Runnable> = [
    ...ProcessRows.rows(short),
    ...Fleet.rows,
    ...own.map((row) => ({ name: row.name, alone: row.alone, run: Row.run(row, short, files) }))
  ]
  const wanted = all.filter((row) => only === undefined || row.name.includes(only))
  const results = [
    ...yield* Effect.forEach(wanted.filter((row) => row.alone !== true), run, { concurrency: 10 }),
    ...yield* Effect.forEach(wanted.filter((row) => row.alone === true), run)
  ]
  const fell = results.filter(({ result }) => typeof result !== "string" && result.problem !== undefined)
  const left = results.filter(({ result }) => typeof result === "string").length
  const took = ((performance.now() - started) / 1_000).toFixed(0)
  console.log(`\n${took} s${left === 0 ? "" : `, ${left} rows left out`}`)
  // Again, because the end of a log is what is read first.
  for (const { printed } of fell) console.log(printed)
  console.log(`${results.length - fell.length - left} rows held, ${fell.length} fell short`)
  return fell.length === 0 ? 0 : 1
})

process.exitCode = await Effect.runPromise(Effect.scoped(matrix))
