import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import type { SpanRecord } from "../../src/domain/span/SpanRecord.ts"
import * as ByteBudget from "../../src/engine/outbox/ByteBudget.ts"
import { measure, record } from "../engine/Scene.ts"

const natural = (maximum: number) => Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum })))

/** A number below 600 reserves an event of so many characters, one above releases an event. */
const steps = Arbitrary.array(natural(1_000), { maxLength: 80 })

describe("ByteBudget", () => {
  it.prop(
    "never exceeds its limit, is what the held events take, and is empty after every release",
    [steps, natural(20_000)],
    ([steps, limit]) => {
      const budget = ByteBudget.make({ limit, measure })
      const held: Array<SpanRecord> = []
      const exact = () => held.reduce((sum, record) => sum + measure(record), 0)
      for (const step of steps) {
        if (step < 600) {
          const next = record(step)
          const size = exact() + measure(next)
          const accepted = budget.reserve(next)
          // A record that fits by its real size is never refused.
          assert.strictEqual(accepted, size <= limit)
          if (accepted) held.push(next)
        } else {
          const [released] = held.splice(step % Math.max(1, held.length), 1)
          if (released !== undefined) budget.release(released)
        }
        assert.isAtMost(budget.used(), limit)
        assert.strictEqual(budget.used(), exact())
      }
      for (const record of held) {
        budget.release(record)
        budget.release(record)
      }
      assert.strictEqual(budget.used(), 0)
    },
    { arbitrary: { runs: 200 } }
  )
})
