import { assert, describe, it } from "@effect/vitest"
import * as Rescue from "../../../src/domain/delivery/Rescue.ts"
import * as Program from "../../../src/domain/program/Rescue.ts"
import * as RescueSchema from "../../../src/domain/schema/Rescue.ts"
import { run } from "./Programs.ts"

describe("the rescue program", () => {
  it.prop(
    "decides a rescue as the table does, synchronously and without a problem",
    [RescueSchema.Facts],
    ([facts]) => {
      assert.deepStrictEqual(run(Program.decide(facts)), { value: Rescue.decide(facts), lines: [], counts: {} })
    }
  )
})
