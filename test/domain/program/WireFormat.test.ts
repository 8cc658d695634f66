import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as WireFormat from "../../../src/domain/event/WireFormat.ts"
import * as Program from "../../../src/domain/program/WireFormat.ts"
import * as WireFormatSchema from "../../../src/domain/schema/WireFormat.ts"
import { run } from "./Programs.ts"

const route = Schema.Literals(["ride", "offer"])

describe("the wire format program", () => {
  it.prop(
    "selects the wire format as the plain function does",
    [WireFormatSchema.ExportMode, route],
    ([mode, route]) => {
      assert.deepStrictEqual(run(Program.select(route), { mode }), {
        value: WireFormat.select(mode, route),
        lines: [],
        counts: {}
      })
    }
  )

  it("warns once that v0.5 cannot carry events, when one is to ride", () => {
    const asked = { mode: "apm-agent", apiVersion: "v0.5" } as const
    const { counts, lines, value } = run(Program.select("ride"), asked)
    assert.deepStrictEqual(value, WireFormat.table["trace-agent"])
    assert.deepStrictEqual(counts, { invalid_setting: 1 })
    assert.strictEqual(lines.length, 1)
    assert.deepStrictEqual(run(Program.select("offer"), asked).counts, {})
    assert.deepStrictEqual(run(Program.select("ride"), { ...asked, mode: "llmobs-agentless" }).counts, {})
  })
})
