/** The plots of the page: the cost of a span in W1, the losses of W4, and the growth of W9. */
import type { LibraryName } from "./Library.ts"
import { libraries } from "./Library.ts"
import type { Outcome } from "./Run.ts"
import type { Samples } from "./Sample.ts"
import * as Svg from "./Svg.ts"
import type { WorkloadName } from "./Workload.ts"
import * as Workload from "./Workload.ts"

export interface Plot {
  readonly name: WorkloadName
  readonly svg: string
}

const colorOf = (name: LibraryName): string =>
  name === "embedded" || name.startsWith("effect-")
    ? "#7c3aed"
    : name === "dd-trace"
    ? "#ea580c"
    : name.startsWith("otel-")
    ? "#0284c7"
    : name === "langfuse"
    ? "#0d9488"
    : "#9ca3af"

const barsOf = (
  samples: Samples,
  workload: WorkloadName,
  title: string,
  number: (outcome: Outcome) => number,
  text: (value: number) => string
): ReadonlyArray<Svg.Bar> =>
  (Object.keys(libraries) as ReadonlyArray<LibraryName>).flatMap((name) => {
    const spread = samples.spread(workload, title, name, number)
    return spread === undefined || (workload === "W4" && !libraries[name].delivers)
      ? []
      : [{
        label: libraries[name].title,
        value: spread.median,
        min: spread.min,
        max: spread.max,
        color: colorOf(name),
        text: text(spread.median)
      }]
  })

const costs = (samples: Samples): string =>
  Svg.bars(Workload.workloads.W1.cases.map(({ title }) => ({
    title: `µs of the thread for a span, ${title}`,
    bars: barsOf(samples, "W1", title, (outcome) => outcome.threadMicros, (micros) => micros.toFixed(1))
  })))

const losses = (samples: Samples): string =>
  Svg.bars(Workload.workloads.W4.cases.map(({ title }) => ({
    title: `lost, ${title}`,
    bars: barsOf(
      samples,
      "W4",
      title,
      (outcome) => outcome.lost / outcome.measured,
      (share) => share === 0 ? "0" : `${(share * 100).toFixed(1)} %`
    )
  })))

// The dimension of a case is the text behind its number.
const dimension = /^([\d,]+) (.*)$/

const lineColors: { readonly [name in LibraryName]?: string } = {
  "effect-riding": "#7c3aed",
  "effect-rescued": "#c084fc",
  "dd-trace": "#ea580c",
  "otel-json": "#0284c7"
}

const growth = (samples: Samples): string => {
  const { cases } = Workload.workloads.W9
  const read = cases.map(({ title }) => {
    const [, number, of] = dimension.exec(title)!
    return { title, of: of!, x: Number(number!.replaceAll(",", "")) }
  })
  return Svg.lines([...new Set(read.map(({ of }) => of))].map((of) => ({
    title: `µs a span by ${of}`,
    lines: (Object.keys(lineColors) as ReadonlyArray<LibraryName>).map((name) => ({
      label: libraries[name].title,
      color: lineColors[name]!,
      points: read.filter((one) => one.of === of && one.x > 0).flatMap(({ title, x }) => {
        const spread = samples.spread("W9", title, name, (outcome) => outcome.threadMicros)
        return spread === undefined ? [] : [[x, spread.median] as const]
      })
    }))
  })))
}

export const make = (samples: Samples): ReadonlyArray<Plot> => [
  { name: "W1", svg: costs(samples) },
  { name: "W4", svg: losses(samples) },
  { name: "W9", svg: growth(samples) }
]
