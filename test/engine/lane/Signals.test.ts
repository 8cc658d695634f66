import { assert, describe, it } from "@effect/vitest"
import * as Signals from "../../../src/engine/lane/Signals.ts"

const isGiven = (lane: Signals.LaneSignal) => [lane.work.isOpen(), lane.urgent.isOpen(), lane.idle.isOpen()]

describe("Signals.lane", () => {
  it("starts with the signal that no item waits", () => {
    assert.deepStrictEqual(isGiven(Signals.lane()), [false, false, true])
  })

  it("keeps a lane's signals until they are taken back", () => {
    const lane = Signals.lane()
    lane.wake()
    lane.wake()
    assert.deepStrictEqual(isGiven(lane), [true, false, false])
    lane.urge()
    assert.deepStrictEqual(isGiven(lane), [true, true, false])
  })
})

describe("Signals.accounts", () => {
  it("wakes the lane of one account, and no other", () => {
    const accounts = Signals.accounts()
    const [one, other] = [accounts.open("one"), accounts.open("other")]
    accounts.wake("one")
    accounts.urge("nobody's")
    assert.deepStrictEqual(isGiven(one), [true, false, false])
    assert.deepStrictEqual(isGiven(other), [false, false, true])
    assert.strictEqual(accounts.open("one"), one)
  })
})
