import { assert, describe, it } from "@effect/vitest"
import * as AgentAttribution from "../../../src/domain/span/AgentAttribution.ts"
import { kinds } from "../Records.ts"

const agent = { name: "outer", spanId: "1" }

describe("AgentAttribution", () => {
  it("attributes a root to no agent", () => {
    assert.isUndefined(AgentAttribution.resolve(undefined))
  })

  it("attributes a span to its parent when that is an agent, even below another agent", () => {
    for (const above of [undefined, agent]) {
      const parent = { kind: "agent", name: "inner", spanId: "2", agent: above } as const
      assert.deepStrictEqual(AgentAttribution.resolve(parent), { name: "inner", spanId: "2" })
    }
  })

  it("attributes a span to its parent's agent otherwise", () => {
    for (const kind of kinds.filter((kind) => kind !== "agent")) {
      assert.strictEqual(AgentAttribution.resolve({ kind, name: "p", spanId: "2", agent }), agent)
      assert.isUndefined(AgentAttribution.resolve({ kind, name: "p", spanId: "2", agent: undefined }))
    }
  })
})
