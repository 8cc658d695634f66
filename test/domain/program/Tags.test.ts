import { assert, describe, it } from "@effect/vitest"
import * as Program from "../../../src/domain/program/Tags.ts"
import * as TagsSchema from "../../../src/domain/schema/Tags.ts"
import * as Tags from "../../../src/domain/span/Tags.ts"
import { run } from "./Programs.ts"

describe("the tags program", () => {
  it.prop(
    "resolves tags as the plain function does, synchronously and without a problem",
    [TagsSchema.Input],
    ([input]) => {
      assert.deepStrictEqual(run(Program.resolve(input)), { value: Tags.resolve(input), lines: [], counts: {} })
    }
  )
})
