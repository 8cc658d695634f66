import { assert, describe, it } from "@effect/vitest"
import * as ExportMode from "../../../src/domain/delivery/ExportMode.ts"
import * as WireFormat from "../../../src/domain/event/WireFormat.ts"

const modes: ReadonlyArray<ExportMode.ExportMode> = [
  "apm-agent",
  "apm-agentless",
  "llmobs-agent-proxy",
  "llmobs-agentless"
]

describe("WireFormat", () => {
  it("selects the format by mode and route", () => {
    assert.deepStrictEqual(
      modes.map((mode) => [WireFormat.select(mode, "ride").road, WireFormat.select(mode, "offer").road]),
      [
        ["trace-agent", "evp-proxy"],
        ["trace-intake", "llmobs-intake"],
        ["evp-proxy", "evp-proxy"],
        ["llmobs-intake", "llmobs-intake"]
      ]
    )
  })

  it("gives an offered event dotted keys, error tags and its error in every mode", () => {
    for (const mode of modes) {
      const { errorTags, form, metaError, tagKeys } = WireFormat.select(mode, "offer")
      assert.deepStrictEqual({ errorTags, form, metaError, tagKeys }, {
        errorTags: true,
        form: "event",
        metaError: true,
        tagKeys: "dotted"
      })
    }
  })

  it("gives a struct to the modes that ride, and to no other", () => {
    for (const mode of modes) {
      assert.strictEqual(WireFormat.select(mode, "ride").form === "meta_struct", ExportMode.rides(mode))
      assert.strictEqual(WireFormat.select(mode, "ride").errorTags, !ExportMode.rides(mode))
    }
  })

  it("names each row of the table by its road", () => {
    for (const [road, format] of Object.entries(WireFormat.table)) assert.strictEqual(format.road, road)
  })

  it("uses v0.4 whichever version is set, and reports any other", () => {
    for (const fine of [undefined, "", "v0.4", "0.4"]) {
      assert.deepStrictEqual(WireFormat.apiVersion(fine), { value: "v0.4", problems: [] })
    }
    for (const other of ["v0.5", "v1", "secret"]) {
      const { problems, value } = WireFormat.apiVersion(other)
      assert.strictEqual(value, "v0.4")
      assert.deepStrictEqual(problems.map((problem) => problem.code), ["invalid_setting"])
      assert.notInclude(JSON.stringify(problems), "secret")
    }
  })
})
