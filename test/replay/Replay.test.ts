import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import * as Path from "node:path"
import * as Difference from "../../replay/Difference.ts"
import * as IntendedDifferences from "../../replay/IntendedDifferences.ts"
import * as Replays from "../../replay/Replay.ts"
import type { Scenario } from "../../replay/Scenario.ts"
import * as Scenarios from "../../replay/Scenario.ts"
import * as Skips from "../../replay/Skips.ts"

const folder = Path.join(import.meta.dirname, "../data/goldens")

const read = (name: string): Scenario => JSON.parse(Fs.readFileSync(Path.join(folder, `${name}.json`), "utf8"))

const names = Fs.readdirSync(folder).filter((file) => file.endsWith(".json")).map((file) =>
  Path.basename(file, ".json")
)

describe("captured programs of Datadog's Python SDK", () => {
  const used = new Map<string, number>()

  for (const name of names) {
    const scenario = read(name)
    if (Skips.reason(scenario) !== undefined) continue
    it.live(`replays ${name}: ${scenario.pins}`, () =>
      Effect.map(Replays.replay(scenario), (outcome) => {
        assert.strictEqual(outcome._tag, "Passed", outcome._tag === "Failed" ? outcome.lines.join("\n") : undefined)
        if (outcome._tag === "Skipped") return
        for (const [row, uses] of outcome.used) used.set(row, (used.get(row) ?? 0) + uses)
      }))
  }

  it("uses each intended difference as often as its row says", () => {
    assert.deepStrictEqual(IntendedDifferences.miscounted(used), [])
  })
})

describe("Replay", () => {
  it.live("fails a scenario that differs, by the path of each difference", () => {
    const scenario = read("annot_metadata_merge")
    const text = JSON.stringify(scenario.expected).replace("\"temperature\":1", "\"temperature\":2")
    return Effect.map(Replays.replay({ ...scenario, expected: JSON.parse(text) }), (outcome) => {
      assert.deepStrictEqual(outcome._tag === "Failed" && outcome.lines, [
        "$.events[\"span:1\"].meta.metadata.temperature: expected 2, got 1"
      ])
    })
  })

  it.live("fails a scenario without a difference that its row expects", () => {
    const scenario = read("io_retrieval_documents")
    const withScore = JSON.stringify(scenario.expected).replaceAll(/"documents":\[\{"text":"[^"]*"/g, "$&,\"score\":0")
    return Effect.map(Replays.replay({ ...scenario, expected: JSON.parse(withScore) }), (outcome) => {
      assert.isTrue(
        outcome._tag === "Failed" && outcome.lines.some((line) => line.includes("row S38-score says that this differs"))
      )
    })
  })

  it.live("fails a scenario with unknown parts, and does not run it", () => {
    const scenario = read("transport_default_rides")
    const step = { ...scenario.program.processes[0]!.steps[0]!, colour: "red" }
    const unknown = { ...scenario, program: { processes: [{ steps: [step, { op: "dance" }] }] } }
    return Effect.map(Replays.replay(unknown), (outcome) => {
      assert.deepStrictEqual(outcome, {
        _tag: "Failed",
        produced: undefined,
        lines: [
          "$.program.processes[0].steps[0].colour: not known to this runner",
          "$.program.processes[0].steps[1].op=\"dance\": not known to this runner"
        ],
        used: new Map()
      })
    })
  })

  it("knows every part of the project's scenarios, and skips none of the required families", () => {
    for (const name of names) {
      const scenario = read(name)
      assert.deepStrictEqual(Scenarios.unknownParts(scenario), [], name)
      if (/^(?:io|annot|tags|nest|error|ctx|size|proc|samp)$/.test(scenario.family)) {
        assert.isUndefined(Skips.reason(scenario), name)
      }
    }
  })

  it("compares texts of a side that are JSON by their values, and other texts exactly", () => {
    const side = (value: string) => ({ meta: { input: { value } } })
    assert.deepStrictEqual(Difference.find(side("{\"a\": [1, 1e2]}"), side("{\"a\":[1,100]}")), [])
    assert.deepStrictEqual(Difference.find(side("[1, 2]"), side("[1,3]")), [
      { path: "$.meta.input.value|json|[1]", expected: 2, actual: 3 }
    ])
    assert.lengthOf(Difference.find({ name: "[1, 2]" }, { name: "[1,2]" }), 1)
  })

  it("gives each row a unique id", () => {
    const ids = IntendedDifferences.rows.map((row) => row.id)
    assert.strictEqual(new Set(ids).size, ids.length)
    for (const row of IntendedDifferences.rows) assert.isTrue(row.id.startsWith(row.kind), row.id)
  })
})
