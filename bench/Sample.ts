/** The runs of a bench: each with its place, and its outcome or why there is none. */
import type { LibraryName } from "./Library.ts"
import type { Outcome } from "./Run.ts"
import type { Spread } from "./Statistic.ts"
import * as Statistic from "./Statistic.ts"
import type { WorkloadName } from "./Workload.ts"

export interface Sample {
  readonly workload: WorkloadName
  readonly case: string
  readonly library: LibraryName
  readonly repetition: number
  readonly outcome: Outcome | undefined
  readonly failure: string | undefined
}

/** Samples of the same workload, case and library. */
export class Samples {
  readonly all: ReadonlyArray<Sample>

  constructor(all: ReadonlyArray<Sample>) {
    this.all = all
  }

  of(workload: WorkloadName, title: string, library: LibraryName): ReadonlyArray<Sample> {
    return this.all.filter((one) => one.workload === workload && one.case === title && one.library === library)
  }

  /** The number that each repetition gives. */
  values(
    workload: WorkloadName,
    title: string,
    library: LibraryName,
    number: (outcome: Outcome) => number | undefined
  ): ReadonlyMap<number, number> {
    const found = new Map<number, number>()
    for (const { outcome, repetition } of this.of(workload, title, library)) {
      const value = outcome === undefined ? undefined : number(outcome)
      if (value !== undefined) found.set(repetition, value)
    }
    return found
  }

  spread(
    workload: WorkloadName,
    title: string,
    library: LibraryName,
    number: (outcome: Outcome) => number | undefined
  ): Spread | undefined {
    return Statistic.spread([...this.values(workload, title, library, number).values()])
  }

  /** The libraries that have a sample. */
  libraries(workload: WorkloadName, title: string): ReadonlyArray<LibraryName> {
    return [
      ...new Set(this.all.filter((one) => one.workload === workload && one.case === title).map((one) => one.library))
    ]
  }
}
