/**
 * The differences from the captures that we intend, each with the reason for it.
 *
 * A row is a language fold (`L`), a requirement (`R`), or a weakness of the captured SDK that is mended here (`S`). It
 * names the exact JSON paths at which a scenario must differ, computed from the scenario's configuration and program, and
 * what must stand there instead. A path that does not differ as its row says fails the scenario, so an unused row fails;
 * an over-used one cannot be, since a path is one place.
 */
import * as BaggageRows from "./BaggageRows.ts"
import * as CarrierRows from "./CarrierRows.ts"
import * as ContentRows from "./ContentRows.ts"
import * as DecoratedRows from "./DecoratedRows.ts"
import type { Difference } from "./Difference.ts"
import * as ModeRows from "./ModeRows.ts"
import * as ProcessorRows from "./ProcessorRows.ts"
import * as RouteRows from "./RouteRows.ts"
import type { Row } from "./Row.ts"
import type { Scenario } from "./Scenario.ts"
import * as SpanRows from "./SpanRows.ts"
import * as ValueRows from "./ValueRows.ts"

const moving = new Set(["R-C16-no-struct", "R-C3-sample-rate", "S17-in-flight"])

export const rows: ReadonlyArray<Row> = [
  ...ValueRows.rows,
  ...ContentRows.rows([...ModeRows.rows, ...CarrierRows.rows].filter(({ id }) => moving.has(id))),
  ...SpanRows.rows,
  ...RouteRows.rows,
  ...ProcessorRows.rows,
  ...BaggageRows.rows,
  ...DecoratedRows.rows,
  ...CarrierRows.rows,
  ...ModeRows.rows
]

/** Takes the intended differences out. `problems` are places that had to differ as a row says and do not. */
export const apply = (scenario: Scenario, found: ReadonlyArray<Difference>): {
  readonly left: ReadonlyArray<Difference>
  readonly problems: ReadonlyArray<string>
  readonly used: ReadonlyMap<string, number>
} => {
  const used = new Map<string, number>()
  const problems: Array<string> = []
  let left = found
  for (const row of rows) {
    for (const { andLater = false, ours, path } of row.places(scenario)) {
      const isPlace = (at: string): boolean => at === path || (andLater && isLater(at, path))
      const rest = left.filter((difference) => !isPlace(difference.path) || !ours(difference.actual))
      if (rest.length === left.length) problems.push(`${path}: row ${row.id} says that this differs (${row.why})`)
      else used.set(row.id, (used.get(row.id) ?? 0) + 1)
      left = rest
    }
  }
  return { left, problems, used }
}

/** Whether a path names a later entry of the same list. */
const isLater = (path: string, of: string): boolean => {
  const entry = /^(.*)\[(\d+)\]$/
  const [, list, index] = entry.exec(of) ?? []
  const [, otherList, otherIndex] = entry.exec(path) ?? []
  return list !== undefined && list === otherList && Number(otherIndex) > Number(index)
}

/** Rows that a run over all scenarios of the project used more or less often than they say. */
export const miscounted = (used: ReadonlyMap<string, number>): ReadonlyArray<string> =>
  rows.filter((row) => row.uses !== (used.get(row.id) ?? 0)).map((row) =>
    `row ${row.id} is used ${used.get(row.id) ?? 0} times, not ${row.uses}`
  )
