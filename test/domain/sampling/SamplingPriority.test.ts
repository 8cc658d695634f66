import { assert, describe, it } from "@effect/vitest"
import * as SamplingPriority from "../../../src/domain/sampling/SamplingPriority.ts"

describe("SamplingPriority", () => {
  it("keeps priorities above zero, and promises no keep for an unset priority", () => {
    const { autoKeep, autoReject, isKept, userKeep, userReject } = SamplingPriority
    assert.deepStrictEqual([userReject, autoReject, autoKeep, userKeep], [-1, 0, 1, 2])
    assert.deepStrictEqual([userReject, autoReject, autoKeep, userKeep, undefined].map(isKept), [
      false,
      false,
      true,
      true,
      false
    ])
  })

  it("writes the decision maker with a minus sign in front, zero too", () => {
    const { decisionMaker, mechanism } = SamplingPriority
    assert.strictEqual(decisionMaker(mechanism.default), "-0")
    assert.strictEqual(decisionMaker(mechanism.agentRate), "-1")
    assert.strictEqual(decisionMaker(mechanism.localRule), "-3")
    assert.strictEqual(decisionMaker(mechanism.manual), "-4")
    assert.strictEqual(decisionMaker(mechanism.singleSpan), "-8")
  })
})
