import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as RateLimiter from "../../../src/domain/sampling/RateLimiter.ts"

const ask = (state: RateLimiter.RateLimiter, times: ReadonlyArray<number>) => {
  const steps: Array<RateLimiter.Step> = []
  for (const now of times) {
    const step = RateLimiter.step(state, now)
    state = step.state
    steps.push(step)
  }
  return steps
}

describe("RateLimiter", () => {
  it("lets a burst of the limit pass, then one per refill", () => {
    const steps = ask(RateLimiter.make(2, 0), [0, 0, 0, 499, 500, 500, 1_000])
    assert.deepStrictEqual(steps.map((s) => s.allowed), [true, true, false, false, true, false, true])
  })

  it("lets none pass at a limit of 0 or below", () => {
    const [none] = ask(RateLimiter.make(0, 0), [1e9])
    assert.deepStrictEqual([none!.allowed, none!.effectiveRate], [false, 0])
    assert.isTrue(ask(RateLimiter.make(-1, 0), Array(1_000).fill(0)).every((s) => s.allowed && s.effectiveRate === 1))
  })

  it("lets one pass at a limit below one per second, then waits", () => {
    const steps = ask(RateLimiter.make(0.5, 0), [0, 1_000, 2_000, 3_000])
    assert.deepStrictEqual(steps.map((s) => s.allowed), [true, false, true, false])
  })

  it("averages the share that passed with that of the second before", () => {
    const steps = ask(RateLimiter.make(1, 0), [0, 0, 0, 0, 1_000, 5_000])
    assert.deepStrictEqual(steps.map((s) => s.effectiveRate), [1, 1 / 2, 1 / 3, 1 / 4, (1 / 4 + 1) / 2, 1])
  })

  it("refills nothing when the clock steps back, and continues afterwards", () => {
    const steps = ask(RateLimiter.make(1, 10_000), [10_000, 0, 500, 1_000])
    assert.deepStrictEqual(steps.map((s) => s.allowed), [true, false, false, true])
  })

  it.prop(
    "never lets more pass than the burst and what was refilled",
    [
      Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 20 })),
      Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2_000 })))
    ],
    ([limit, gaps]) => {
      let now = 0
      const times = gaps.map((gap) => (now += gap))
      const steps = ask(RateLimiter.make(limit, 0), times)
      const passed = steps.filter((s) => s.allowed).length
      assert.isAtMost(passed, limit + (now * limit) / 1_000)
      for (const step of steps) assert.isTrue(step.effectiveRate >= 0 && step.effectiveRate <= 1)
    }
  )

  it("leaves the state it was given unchanged", () => {
    const state = RateLimiter.make(1, 0)
    const copy = { ...state }
    RateLimiter.step(state, 0)
    assert.deepStrictEqual(state, copy)
    assert.deepStrictEqual(RateLimiter.step(state, 7), RateLimiter.step(state, 7))
  })
})
