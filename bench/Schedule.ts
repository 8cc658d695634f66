/** The order of the runs: libraries take turns, so that a slow minute of the machine falls on all of them. */
import type { Job } from "./Job.ts"
import type { LibraryName } from "./Library.ts"
import type { Sample } from "./Sample.ts"
import type { Case, Workload, WorkloadName } from "./Workload.ts"

export interface Planned extends Pick<Sample, "workload" | "case" | "library" | "repetition"> {
  readonly job: Job
}

/** The runs of one repetition of a workload. Each repetition begins with another library. */
const repetitionOf = (
  workload: WorkloadName,
  cases: ReadonlyArray<Case>,
  repetition: number
): ReadonlyArray<Planned> => {
  const libraries = [...new Set(cases.flatMap((one) => one.libraries))]
  const begin = repetition % libraries.length
  const order: ReadonlyArray<LibraryName> = [...libraries.slice(begin), ...libraries.slice(0, begin)]
  return order.flatMap((library) =>
    cases
      .filter((one) => repetition < one.repetitions && one.libraries.includes(library))
      .map(({ job, title }) => ({ workload, case: title, library, repetition, job: { ...job, library } }))
  )
}

export const make = (name: WorkloadName, { cases }: Workload): ReadonlyArray<Planned> => {
  const repetitions = Math.max(...cases.map((one) => one.repetitions))
  return Array.from({ length: repetitions }, (_, repetition) => repetitionOf(name, cases, repetition)).flat()
}
