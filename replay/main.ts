/**
 * `npm run -s replay -- [--emit FOLDER] FILE_OR_FOLDER...`
 */
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import * as Path from "node:path"
import * as IntendedDifferences from "./IntendedDifferences.ts"
import * as Replays from "./Replay.ts"
import type { Scenario } from "./Scenario.ts"

const usage = "usage: npm run -s replay -- [--emit FOLDER] FILE_OR_FOLDER..."

const parse = (args: ReadonlyArray<string>): { readonly emit: string | undefined; readonly paths: Array<string> } => {
  let emit: string | undefined
  const paths: Array<string> = []
  for (let i = 0; i < args.length; i++) {
    if (args[i] === "--emit") emit = args[++i]
    else if (args[i]!.startsWith("--")) throw new Error(usage)
    else paths.push(args[i]!)
  }
  if (paths.length === 0) throw new Error(usage)
  return { emit, paths }
}

const filesOf = (path: string): ReadonlyArray<string> =>
  Fs.statSync(path).isDirectory()
    ? Fs.readdirSync(path).filter((name) => name.endsWith(".json")).sort().map((name) => Path.join(path, name))
    : [path]

// Returns the mistake if the file holds no scenario.
const read = (file: string): Scenario | string => {
  try {
    return JSON.parse(Fs.readFileSync(file, "utf8")) as Scenario
  } catch (error) {
    return `no scenario: ${error instanceof Error ? error.message : String(error)}`
  }
}

const ownScenarios = (): ReadonlyArray<string> =>
  filesOf(Path.join(import.meta.dirname, "../test/data/goldens")).map((file) => Path.basename(file, ".json"))

const main = Effect.fnUntraced(function*(args: ReadonlyArray<string>) {
  const { emit, paths } = parse(args)
  const counts = { passed: 0, failed: 0, skipped: 0 }
  const used = new Map<string, number>()
  const names = new Set<string>()
  if (emit !== undefined) Fs.mkdirSync(emit, { recursive: true })
  for (const file of paths.flatMap(filesOf)) {
    const scenario = read(file)
    const name = typeof scenario === "string" ? Path.basename(file) : scenario.name
    const outcome = typeof scenario === "string"
      ? { _tag: "Failed" as const, produced: undefined, lines: [scenario], used: new Map<string, number>() }
      : yield* Replays.replay(scenario)
    names.add(name)
    if (outcome._tag !== "Skipped") {
      for (const [row, uses] of outcome.used) used.set(row, (used.get(row) ?? 0) + uses)
    }
    switch (outcome._tag) {
      case "Passed":
        counts.passed++
        console.log(`passed  ${name}`)
        break
      case "Skipped":
        counts.skipped++
        console.log(`skipped ${name}: ${outcome.reason}`)
        break
      case "Failed":
        counts.failed++
        console.log(`failed  ${name}`)
        for (const line of outcome.lines) console.log(`  ${line}`)
    }
    if (emit !== undefined && outcome._tag !== "Skipped" && outcome.produced !== undefined) {
      Fs.writeFileSync(Path.join(emit, `${name}.json`), `${JSON.stringify(outcome.produced, undefined, 1)}\n`)
    }
  }
  // How often a row is used is known of the project's own scenarios together.
  if (ownScenarios().every((name) => names.has(name))) {
    for (const line of IntendedDifferences.miscounted(used)) {
      counts.failed++
      console.log(`failed  ${line}`)
    }
  }
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
  if (counts.failed > 0) process.exitCode = 1
})

await Effect.runPromise(main(process.argv.slice(2))).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 2
})
