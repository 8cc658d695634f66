/**
 * The ratios of processor time that are compared. Ours runs on its defaults; another library is flushed every 500 spans,
 * because without that it loses events, and work that was not done is no saving.
 */
import type { LibraryName } from "./Library.ts"
import type { Samples } from "./Sample.ts"
import * as Statistic from "./Statistic.ts"
import type { WorkloadName } from "./Workload.ts"
import * as Workload from "./Workload.ts"

export interface Ratio {
  /** The median of the ratios of the same repetition. */
  readonly value: number
  /** The share of events that were lost by either, if any were: the ratio then compares unequal work. */
  readonly lost?: number
}

/** By workload, library, and the library that it is compared with. */
export interface Ratios {
  readonly [workload: string]: { readonly [library: string]: { readonly [base: string]: Ratio } }
}

const ours: ReadonlyArray<LibraryName> = [
  "effect-riding",
  "effect-rescued",
  "effect-off",
  "effect-fiber",
  "effect-sync"
]
const bases: ReadonlyArray<LibraryName> = ["dd-trace", "otel-json", "floor-post"]

// The embedding tracer of the bench has no timer, so it is told to flush.
const caseOf = (library: LibraryName): string => ours.includes(library) ? Workload.onDefaults : Workload.flushed

const compared = (samples: Samples, workload: WorkloadName, library: LibraryName, base: LibraryName) => {
  const micros = (name: LibraryName) => samples.values(workload, caseOf(name), name, (outcome) => outcome.threadMicros)
  const lost = (name: LibraryName) =>
    samples.spread(workload, caseOf(name), name, (outcome) => outcome.lost / outcome.measured)?.max ?? 0
  const value = Statistic.ratio(micros(library), micros(base))
  if (value === undefined) return undefined
  const worst = Math.max(lost(library), lost(base))
  return worst === 0 ? { value } : { value, lost: worst }
}

export const make = (samples: Samples, workloads: ReadonlyArray<WorkloadName>): Ratios =>
  Object.fromEntries(workloads.flatMap((workload) => {
    const rows = [...ours, "embedded" as const].flatMap((library) => {
      const row = bases.flatMap((base) => {
        const ratio = compared(samples, workload, library, base)
        return ratio === undefined ? [] : [[base, ratio] as const]
      })
      return row.length === 0 ? [] : [[library, Object.fromEntries(row)] as const]
    })
    return rows.length === 0 ? [] : [[workload, Object.fromEntries(rows)] as const]
  }))

/** The ratio of peak memory in W1, ours over dd-trace's. */
export const memory = (samples: Samples): Ratios => {
  const megabytes = (name: LibraryName) =>
    samples.values("W1", caseOf(name), name, (outcome) => outcome.peakRssMegabytes)
  const rows = [...ours, "embedded" as const].flatMap((library) => {
    const value = Statistic.ratio(megabytes(library), megabytes("dd-trace"))
    return value === undefined ? [] : [[library, { "dd-trace": { value } }] as const]
  })
  return rows.length === 0 ? {} : { W8: Object.fromEntries(rows) }
}
