import { assert, describe, it } from "@effect/vitest"
import * as Signals from "../../../src/engine/lane/Signals.ts"

const isGiven = (lane: Signals.LaneSignal) => [lane.work.isOpen(), lane.urgent.isOpen(), lane.idle.isOpen()]

describe("the signals of a lane", () => {
  it("say at first that nothing waits", () => {
    assert.deepStrictEqual(isGiven(Signals.lane()), [false, false, true])
  })

  it("stay given until they are taken back", () => {
    const lane = Signals.lane()
    lane.wake()
    lane.wake()
    assert.deepStrictEqual(isGiven(lane), [true, false, false])
    lane.urge()
    assert.deepStrictEqual(isGiven(lane), [true, true, false])
  })
})

describe("the signals of accounts", () => {
  it("wake the lane of an account, and no other", () => {
    const accounts = Signals.accounts()
    const [one, other] = [accounts.open("one"), accounts.open("other")]
    accounts.wake("one")
    accounts.urge("nobody's")
    assert.deepStrictEqual(isGiven(one), [true, false, false])
    assert.deepStrictEqual(isGiven(other), [false, false, true])
    assert.strictEqual(accounts.open("one"), one)
  })
})
