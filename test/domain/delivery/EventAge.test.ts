import { assert, describe, it } from "@effect/vitest"
import * as EventAge from "../../../src/domain/delivery/EventAge.ts"

const hour = 3_600_000
const moment = (unixMillis: number, uptimeMillis: number, boot: string | null = "a"): EventAge.Moment => ({
  unixMillis,
  uptimeMillis,
  boot: boot ?? undefined
})

describe("EventAge", () => {
  it("starts a steady clock at the time of day, and continues it with the monotonic clock", () => {
    let elapsed = 500
    const now = EventAge.steady(1_000_000, () => elapsed)
    assert.strictEqual(now(), 1_000_000)
    elapsed += 42
    assert.strictEqual(now(), 1_000_042)
  })

  it.each([
    ["a clock that jumps 25 hours ahead", moment(0, 1_000), moment(25 * hour, 3_000), 2_000],
    ["a clock that is set back", moment(25 * hour, 1_000), moment(0, 3_000), 2_000],
    ["a clock that began in 1970", moment(0, 1_000), moment(50 * 365 * 24 * hour, 61_000), 60_000],
    ["a start of the machine in between", moment(0, 1_000), moment(2 * hour, 3_000, "b"), 2 * hour],
    ["a start in between, and a clock that is set back", moment(25 * hour, 1_000), moment(0, 3_000, "b"), 3_000],
    ["no known start: the time of day alone", moment(0, 1_000, null), moment(hour, 3_000, null), hour],
    ["no known start, and a clock that is set back", moment(hour, 1_000, null), moment(0, 3_000, null), 0]
  ])("gives the age of an event between processes: %s", (_, then, now, age) => {
    assert.strictEqual(EventAge.between(then, now), age)
  })
})
