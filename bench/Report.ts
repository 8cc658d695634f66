/** The tables of a bench. */
import type { LibraryName } from "./Library.ts"
import { libraries } from "./Library.ts"
import type { Ratios } from "./Ratio.ts"
import type { Outcome } from "./Run.ts"
import type { Samples } from "./Sample.ts"
import type { Spread } from "./Statistic.ts"
import * as Statistic from "./Statistic.ts"
import type { Table } from "./Table.ts"
import type { Cell, Workload, WorkloadName } from "./Workload.ts"
import * as Workloads from "./Workload.ts"

export interface Section {
  readonly title: string
  readonly about: string
  readonly tables: ReadonlyArray<{ readonly caption: string; readonly table: Table }>
}

const none = "–"

const short = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)

const spreadText = (spread: Spread | undefined): string =>
  spread === undefined
    ? none
    : spread.min === spread.max
    ? short(spread.median)
    : `${short(spread.median)} (${short(spread.min)}–${short(spread.max)})`

const medianText = (spread: Spread | undefined): string => spread === undefined ? none : short(spread.median)

const lostText = (name: LibraryName, spread: Spread | undefined): string => {
  if (spread === undefined || !libraries[name].delivers) return none
  if (spread.max === 0) return "0"
  const percent = (share: number): string => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`
  return spread.min === spread.max ? percent(spread.median) : `${percent(spread.min)} to ${percent(spread.max)}`
}

const lostShare = (outcome: Outcome): number => outcome.lost / outcome.measured

// A library that failed in a case has a row that says so, rather than none.
const present = (samples: Samples, workload: WorkloadName, title: string): ReadonlyArray<LibraryName> => {
  const found = samples.libraries(workload, title)
  return (Object.keys(libraries) as ReadonlyArray<LibraryName>).filter((name) => found.includes(name))
}

const costTable = (samples: Samples, workload: WorkloadName, title: string): Table => {
  const values = (name: LibraryName, number: (outcome: Outcome) => number) =>
    samples.values(workload, title, name, number)
  const thread = (outcome: Outcome): number => outcome.threadMicros
  return {
    head: ["library", "thread µs", "× dd-trace", "process µs", "peak RSS MB", "bytes sent", "lost"],
    rows: present(samples, workload, title).map((name) => {
      const spread = (number: (outcome: Outcome) => number) => samples.spread(workload, title, name, number)
      const ratio = Statistic.ratio(values(name, thread), values("dd-trace", thread))
      return [
        libraries[name].title,
        spreadText(spread(thread)),
        ratio === undefined ? none : ratio.toFixed(2),
        medianText(spread((outcome) => outcome.processMicros)),
        medianText(spread((outcome) => outcome.peakRssMegabytes)),
        libraries[name].delivers ? medianText(spread((outcome) => outcome.bytes / outcome.spans)) : none,
        lostText(name, spread(lostShare))
      ]
    })
  }
}

const cellText = (
  cell: Cell,
  name: LibraryName,
  spread: (number: (outcome: Outcome) => number | undefined) => Spread | undefined
): string => {
  type Value = (outcome: Outcome) => number | undefined
  const pair = (one: Value, other: Value): string => `${medianText(spread(one))} / ${medianText(spread(other))}`
  switch (cell) {
    case "lost":
      return lostText(name, spread(lostShare))
    case "thread": {
      const lost = spread(lostShare)
      const text = medianText(spread((outcome) => outcome.threadMicros))
      return lost !== undefined && lost.max > 0 && libraries[name].delivers
        ? `${text}, ${lostText(name, lost)} lost`
        : text
    }
    case "turn":
      return pair((outcome) => outcome.turns?.p99, (outcome) => outcome.turns?.longest)
    case "delay":
      return pair((outcome) => outcome.delayP99Millis, (outcome) => outcome.delayMaxMillis)
  }
}

// One row for each library, and one column for each case; turned round if there are more cases than fit.
const grid = (samples: Samples, name: WorkloadName, { cases }: Workload, cell: Cell): Table => {
  const rows = (Object.keys(libraries) as ReadonlyArray<LibraryName>)
    .filter((library) => samples.all.some((one) => one.workload === name && one.library === library))
  const text = (title: string, library: LibraryName): string =>
    cellText(cell, library, (number) => samples.spread(name, title, library, number))
  const titles = cases.map(({ title }) => title)
  return cases.length > 6
    ? {
      head: ["", ...rows.map((library) => libraries[library].title)],
      rows: titles.map((title) => [title, ...rows.map((library) => text(title, library))])
    }
    : {
      head: ["library", ...titles],
      rows: rows.map((library) => [libraries[library].title, ...titles.map((title) => text(title, library))])
    }
}

const startTable = (
  samples: Samples,
  workload: WorkloadName,
  title: string,
  installed: (library: LibraryName) => number
): Table => ({
  head: ["library", "thread ms", "process ms", "wall ms", "peak RSS MB", "installed MB"],
  rows: present(samples, workload, title).map((name) => {
    const text = (number: (outcome: Outcome) => number) => spreadText(samples.spread(workload, title, name, number))
    return [
      libraries[name].title,
      text((outcome) => outcome.threadMicros / 1_000),
      text((outcome) => outcome.processMicros / 1_000),
      text((outcome) => outcome.wallMillis),
      text((outcome) => outcome.peakRssMegabytes),
      installed(name) === 0 ? none : short(installed(name) / 1024 ** 2)
    ]
  })
})

const tables = (
  samples: Samples,
  name: WorkloadName,
  workload: Workload,
  installed: (library: LibraryName) => number
): Section["tables"] => {
  const [first] = workload.cases
  switch (workload.view) {
    case "costs":
      return workload.cases.map(({ job, title }) => ({
        caption: job.pace._tag === "Turns" ? `${job.pace.spans.toLocaleString("en")} spans, ${title}` : title,
        table: costTable(samples, name, title)
      }))
    case "start":
      return [{ caption: "", table: startTable(samples, name, first!.title, installed) }]
    case "lost": {
      const lost = { caption: "lost", table: grid(samples, name, workload, "lost") }
      return name === "W5"
        ? [lost, {
          caption: "delay of the event loop, ms: 99 % / longest",
          table: grid(samples, name, workload, "delay")
        }]
        : [lost]
    }
    default:
      return [{ caption: "", table: grid(samples, name, workload, workload.view) }]
  }
}

/** The section of a workload. `installed` tells the bytes that a library brings into `node_modules`. */
export const section = (
  samples: Samples,
  name: WorkloadName,
  workload: Workload,
  installed: (library: LibraryName) => number
): Section => ({
  title: `${name}: ${workload.title}`,
  about: workload.about,
  tables: tables(samples, name, workload, installed)
})

/** The section of peak memory, from the processes of W1 and W4. */
export const memorySection = (samples: Samples): Section => {
  const columns = [
    ["W1", Workloads.flushed, `W1, ${Workloads.flushed}`],
    ["W1", Workloads.onDefaults, `W1, ${Workloads.onDefaults}`],
    ...Workloads.workloads.W4.cases.map(({ title }) => ["W4", title, title] as const)
  ] as const
  const rows = (Object.keys(libraries) as ReadonlyArray<LibraryName>)
    .filter((name) => columns.some(([workload, title]) => samples.of(workload, title, name).length > 0))
  return {
    title: "W8: Memory",
    about: "The greatest resident memory of the process, in MB.",
    tables: [{
      caption: "",
      table: {
        head: ["library", ...columns.map(([, , caption]) => caption)],
        rows: rows.map((name) => [
          libraries[name].title,
          ...columns.map(([workload, title]) =>
            medianText(samples.spread(workload, title, name, (outcome) => outcome.peakRssMegabytes))
          )
        ])
      }
    }]
  }
}

/** The table of ratios. */
export const ratioTable = (ratios: Ratios): Table => {
  const bases = ["dd-trace", "otel-json", "floor-post"] as const
  return {
    head: ["workload", "library", ...bases.map((base) => `× ${libraries[base].title}`)],
    rows: Object.entries(ratios).flatMap(([workload, rows]) =>
      Object.entries(rows).map(([name, row]) => [
        workload,
        libraries[name as LibraryName].title,
        ...bases.map((base) => {
          const ratio = row[base]
          if (ratio === undefined) return none
          return ratio.lost === undefined
            ? ratio.value.toFixed(2)
            : `${ratio.value.toFixed(2)}, ${(ratio.lost * 100).toFixed(1)} % lost`
        })
      ])
    )
  }
}
