/** Where the time of a span goes: ours under a profiler, by part. */
import type { Job } from "./Job.ts"
import type { LibraryName } from "./Library.ts"
import { libraries } from "./Library.ts"
import type { Section } from "./Report.ts"
import type { Outcome } from "./Run.ts"
import * as Shape from "./Shape.ts"

export const profiled: ReadonlyArray<LibraryName> = ["effect-riding", "effect-rescued", "embedded"]

export const job = (library: LibraryName): Job => ({
  library,
  shape: Shape.single,
  pace: { _tag: "Turns", spans: 20_000, spansPerTurn: 500 },
  flush: library === "embedded" ? "each turn" : "own",
  warmUp: 4_000,
  watchesTurns: false,
  profiles: true
})

/** The table, with the greatest part of the first library on top. */
export const section = (outcomes: ReadonlyMap<LibraryName, Outcome>): Section => {
  const columns = [...outcomes]
  const parts = [...new Set(columns.flatMap(([, { parts }]) => Object.keys(parts ?? {})))]
  const micros = ({ parts, threadMicros }: Outcome, part: string): number => (parts?.[part] ?? 0) * threadMicros
  const weight = (part: string): number => columns.length === 0 ? 0 : micros(columns[0]![1], part)
  const row = (part: string) => [part, ...columns.map(([, outcome]) => micros(outcome, part).toFixed(1))]
  return {
    title: "Where the time goes",
    about: "Microseconds of the thread for a span of W1, under a profiler, which makes everything a little slower.",
    tables: [{
      caption: "",
      table: {
        head: ["part", ...columns.map(([name]) => libraries[name].title)],
        rows: [
          ...parts.toSorted((a, b) => weight(b) - weight(a)).map(row),
          ["all", ...columns.map(([, { threadMicros }]) => threadMicros.toFixed(1))]
        ]
      }
    }]
  }
}
