/**
 * `npm run -s bench`: every workload, in at most 20 minutes, and `docs/performance.md`. `-- --quick`: W1 to W3 with six
 * libraries, in at most two. `-- --only W1` (or `W1,W4`): these workloads. `-- --library dd-trace` (or several): these
 * libraries. `-- --json`: as JSON, with the ratios on top. `-- --profile`: where the time of a span of ours goes. Only the whole bench
 * writes the page.
 */
import * as Path from "node:path"
import { parseArgs } from "node:util"
import * as Installed from "./Installed.ts"
import type { LibraryName } from "./Library.ts"
import { isName, libraries } from "./Library.ts"
import * as Machine from "./Machine.ts"
import * as Page from "./Page.ts"
import * as Profiles from "./Profiles.ts"
import * as Ratio from "./Ratio.ts"
import * as Report from "./Report.ts"
import * as Run from "./Run.ts"
import type { Sample } from "./Sample.ts"
import { Samples } from "./Sample.ts"
import * as Schedule from "./Schedule.ts"
import * as Setup from "./Setup.ts"
import * as Table from "./Table.ts"
import type { WorkloadName } from "./Workload.ts"
import * as Workload from "./Workload.ts"

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    library: { type: "string" },
    profile: { type: "boolean", default: false }
  }
})

const chosen = (): ReadonlyArray<WorkloadName> => {
  if (values.only === undefined && values.profile) return []
  if (values.only === undefined) return values.quick ? ["W1", "W2", "W3"] : Workload.names
  const named = values.only.split(",")
  const unknown = named.filter((name) => !(Workload.names as ReadonlyArray<string>).includes(name))
  if (unknown.length > 0) throw new Error(`No workload is called ${unknown.join(", ")}: ${Workload.names.join(", ")}`)
  return named as ReadonlyArray<WorkloadName>
}

const wanted = (): ReadonlyArray<LibraryName> | undefined => {
  const named = values.library?.split(",")
  const unknown = named?.filter((name) => !isName(name)) ?? []
  if (unknown.length > 0) {
    throw new Error(`No library is called ${unknown.join(", ")}: ${Object.keys(libraries).join(", ")}`)
  }
  return named?.filter(isName)
}

const bench = import.meta.dirname
const root = Path.dirname(bench)
const begun = performance.now()
Setup.prepare(bench, root)
const machine = Machine.read(bench, root)

const names = chosen()
const measured = names.filter((name) => name !== "W8").map((name) => {
  const workload = Workload.workloads[name]
  return [name, values.quick ? Workload.shortened(workload) : workload] as const
})
const some = wanted()
// By repetition, so that a slow machine cuts repetitions short and leaves out no workload.
const planned = measured
  .flatMap(([name, workload]) => Schedule.make(name, workload))
  .filter(({ library }) => some === undefined || some.includes(library))
  .toSorted((a, b) => a.repetition - b.repetition)
const elapsed = (): number => (performance.now() - begun) / 1_000
const mostSeconds = values.quick ? 110 : 19 * 60

const done: Array<Sample> = []
for (const { job, ...place } of planned) {
  if (place.repetition > 0 && elapsed() > mostSeconds) break
  const outcome = await Run.run(job).catch((error: unknown) => String(error))
  const failed = typeof outcome === "string"
  done.push({ ...place, outcome: failed ? undefined : outcome, failure: failed ? outcome : undefined })
  const said = failed
    ? outcome
    : `${
      outcome.turns === undefined
        ? `${outcome.threadMicros.toFixed(1)} µs`
        : `longest turn ${outcome.turns.longest.toFixed(1)} ms`
    }, ${outcome.lost} of ${outcome.spans} lost, ${outcome.duplicates} twice`
  process.stderr.write(
    `${String(done.length).padStart(3)}/${planned.length} ${place.workload} ${place.case}, ${place.library}: ${said}\n`
  )
}

const isWhole = values.only === undefined && some === undefined && !values.quick && !values.profile
const profiles = new Map<LibraryName, Run.Outcome>()
if (isWhole || values.profile) {
  for (const name of Profiles.profiled) profiles.set(name, await Run.run(Profiles.job(name)))
}

const samples = new Samples(done)
const ratios = { ...Ratio.make(samples, names), ...(names.includes("W8") ? Ratio.memory(samples) : {}) }
const installed = (library: LibraryName): number => Installed.bytes(library, bench, root)
const sections = [
  ...measured.map(([name, workload]) => Report.section(samples, name, workload, installed)),
  ...(names.includes("W8") ? [Report.memorySection(samples)] : []),
  ...(profiles.size > 0 ? [Profiles.section(profiles)] : [])
]
const seconds = Math.round(elapsed())
if (done.length < planned.length) {
  process.stderr.write(`After ${seconds} seconds ${planned.length - done.length} repetitions were left out.\n`)
}

if (values.json) {
  console.log(
    JSON.stringify({ ratios, machine, seconds, profiles: Object.fromEntries(profiles), samples: done }, null, 2)
  )
} else {
  if (Object.keys(ratios).length > 0) console.log(`${Table.render(Report.ratioTable(ratios))}\n`)
  for (const { about, tables, title } of sections) {
    console.log(`${title}\n${about}\n`)
    for (const { caption, table } of tables) console.log(`${caption}\n${Table.render(table)}\n`)
  }
  console.log(`${Machine.describe(machine)}\n${seconds} seconds`)
}
if (isWhole) {
  Page.write(root, { machine, ratios, sections, samples, seconds })
}
process.exitCode = done.some(({ failure }) => failure !== undefined) ? 1 : 0
