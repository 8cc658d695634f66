import { assert, it } from "@effect/vitest"
import type { LibraryName } from "../Library.ts"
import * as Page from "../Page.ts"
import * as Ratio from "../Ratio.ts"
import * as Report from "../Report.ts"
import type { Sample } from "../Sample.ts"
import { Samples } from "../Sample.ts"
import * as Statistic from "../Statistic.ts"
import * as Table from "../Table.ts"
import { flushed, onDefaults } from "../Workload.ts"
import { outcome } from "./Outcome.ts"

const runs = (library: LibraryName, title: string, micros: ReadonlyArray<number>, lost = 0): ReadonlyArray<Sample> =>
  micros.map((value, repetition) => ({
    workload: "W1",
    case: title,
    library,
    repetition,
    outcome: outcome(value, lost),
    failure: undefined
  }))

it("takes the median of the ratios within a repetition, not the ratio of the medians", () => {
  const slowing = new Map([[0, 10], [1, 100], [2, 400]])
  const base = new Map([[0, 20], [1, 100], [2, 1_000], [3, 5]])
  assert.strictEqual(Statistic.ratio(slowing, base), 0.5)
  assert.strictEqual(Statistic.ratio(slowing, new Map()), undefined)
})

it("tells the median with the least and the greatest", () => {
  assert.deepStrictEqual(Statistic.spread([3, 1, 2, 10]), { median: 2.5, min: 1, max: 10 })
  assert.strictEqual(Statistic.spread([]), undefined)
})

it("compares ours on its defaults with the others flushed", () => {
  const samples = new Samples([
    ...runs("effect-riding", onDefaults, [20, 30, 40]),
    ...runs("effect-riding", flushed, [1_000, 1_000, 1_000]),
    ...runs("dd-trace", flushed, [100, 100, 100]),
    ...runs("dd-trace", onDefaults, [1, 1, 1])
  ])
  assert.deepStrictEqual(Ratio.make(samples, ["W1"]), { W1: { "effect-riding": { "dd-trace": { value: 0.3 } } } })
  assert.deepStrictEqual(Ratio.memory(samples), { W8: { "effect-riding": { "dd-trace": { value: 0.3 } } } })
})

it("says beside a ratio that events were lost", () => {
  const samples = new Samples([
    ...runs("effect-riding", onDefaults, [20]),
    ...runs("dd-trace", flushed, [100], 25)
  ])
  const ratios = Ratio.make(samples, ["W1"])
  assert.deepStrictEqual(ratios["W1"]!["effect-riding"]!["dd-trace"], { value: 0.2, lost: 0.25 })
  assert.deepStrictEqual(Report.ratioTable(ratios).rows, [["W1", "ours, riding", "0.20, 25.0 % lost", "–", "–"]])
})

it("renders a table with columns of equal width", () => {
  const table = Table.render({ head: ["a", "µs"], rows: [["long name", "1"]] })
  assert.strictEqual(table, "| a         | µs  |\n| --------- | --- |\n| long name | 1   |")
})

it("replaces what stands between the marks of the page, and nothing else", () => {
  const page = Page.replaced(Page.replaced(`a\n${Page.marks.begin}\nold\n${Page.marks.end}\nb\n`, "new"), "newer")
  assert.strictEqual(page, `a\n${Page.marks.begin}\n\nnewer\n\n${Page.marks.end}\nb\n`)
  assert.throws(() => Page.replaced("no marks", "new"))
})
