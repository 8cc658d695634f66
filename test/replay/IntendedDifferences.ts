/**
 * The differences from the captures that we intend, each with the reason for it.
 *
 * A row is a language fold (`L`), a requirement (`R`), or a weakness of the captured SDK that is mended here (`S`). It
 * names the exact JSON paths at which a scenario must differ, computed from the scenario's configuration and program, and
 * what must stand there instead. A path that does not differ as it says fails the scenario.
 */
import type { Difference } from "./Difference.ts"
import type { Json, Scenario } from "./Scenario.ts"

export interface Row {
  readonly id: string
  readonly kind: "L" | "R" | "S"
  readonly why: string
  /** How often it is used over all scenarios of the project. */
  readonly uses: number
  /** The paths at which this scenario must differ, and our value there; `undefined`: the value is not there. */
  readonly places: (scenario: Scenario) => ReadonlyArray<{ readonly path: string; readonly ours: Json | undefined }>
}

export const rows: ReadonlyArray<Row> = []

const same = (a: Json | undefined, b: Json | undefined): boolean => JSON.stringify(a) === JSON.stringify(b)

/** Takes the intended differences out. `problems` are rows that were expected to be used and were not. */
export const apply = (scenario: Scenario, found: ReadonlyArray<Difference>): {
  readonly left: ReadonlyArray<Difference>
  readonly problems: ReadonlyArray<string>
  readonly used: ReadonlyMap<string, number>
} => {
  const used = new Map<string, number>()
  const problems: Array<string> = []
  let left = found
  for (const row of rows) {
    for (const { ours, path } of row.places(scenario)) {
      const rest = left.filter((difference) => difference.path !== path || !same(difference.actual, ours))
      if (rest.length === left.length) problems.push(`${path}: row ${row.id} expects a difference here (${row.why})`)
      else used.set(row.id, (used.get(row.id) ?? 0) + 1)
      left = rest
    }
  }
  return { left, problems, used }
}
