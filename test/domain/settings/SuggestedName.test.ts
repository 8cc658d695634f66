import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as SuggestedName from "../../../src/domain/settings/SuggestedName.ts"

const known = ["DD_LLMOBS_ML_APP", "DD_LLMOBS_ENABLED", "DD_LLMOBS_SAMPLE_RATE"]

describe("SuggestedName", () => {
  const names: ReadonlyArray<readonly [string, string | undefined]> = [
    ["DD_LLMOBS_MLAPP", "DD_LLMOBS_ML_APP"],
    ["DD_LLMOBS_ENABLE", "DD_LLMOBS_ENABLED"],
    ["dd_llmobs_sample_rate", "DD_LLMOBS_SAMPLE_RATE"],
    ["DD_LLMOBS_SAMPEL_RATE", "DD_LLMOBS_SAMPLE_RATE"],
    ["DD_LLMOBS_PROJECT_NAME", undefined],
    ["", undefined],
    ["x".repeat(1_000_000), undefined]
  ]
  for (const [name, meant] of names) {
    it(`suggests the known name with the fewest typing errors: ${JSON.stringify(name.slice(0, 30))}`, () => {
      assert.strictEqual(SuggestedName.nearest(name, known, 4), meant, name.slice(0, 30))
    })
  }

  it.prop("suggests a known name for itself", [Schema.NonEmptyString], ([name]) => {
    if (name.length > SuggestedName.maxLength) return
    assert.strictEqual(SuggestedName.nearest(name, [name + "x", name], 2), name)
  })
})
