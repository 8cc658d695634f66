import { assert, describe, it } from "@effect/vitest"
import type { Facts } from "../../../src/domain/delivery/ExportMode.ts"
import * as ExportMode from "../../../src/domain/delivery/ExportMode.ts"

const base: Facts = { agentless: false, overrideOrigin: false, apmTracing: true, apmAgentless: false }

describe("ExportMode", () => {
  it("rides the trace to an Agent unless the origin is overridden or APM tracing is off", () => {
    assert.strictEqual(ExportMode.decide(base), "apm-agent")
    assert.strictEqual(ExportMode.decide({ ...base, apmAgentless: true }), "apm-agent")
    assert.strictEqual(ExportMode.decide({ ...base, overrideOrigin: true }), "llmobs-agent-proxy")
    assert.strictEqual(ExportMode.decide({ ...base, apmTracing: false }), "llmobs-agent-proxy")
  })

  it("sends to the LLM intake without an Agent, and on a trace only if enabled", () => {
    const agentless = { ...base, agentless: true }
    assert.strictEqual(ExportMode.decide(agentless), "llmobs-agentless")
    assert.strictEqual(ExportMode.decide({ ...agentless, apmAgentless: true }), "apm-agentless")
    assert.strictEqual(
      ExportMode.decide({ ...agentless, apmAgentless: true, overrideOrigin: true }),
      "llmobs-agentless"
    )
    assert.strictEqual(ExportMode.decide({ ...agentless, apmAgentless: true, apmTracing: false }), "llmobs-agentless")
  })

  it("lists the modes that ride and the modes that need no Agent", () => {
    const modes = ["apm-agent", "apm-agentless", "llmobs-agent-proxy", "llmobs-agentless"] as const
    assert.deepStrictEqual(modes.map(ExportMode.rides), [true, true, false, false])
    assert.deepStrictEqual(modes.map(ExportMode.isAgentless), [false, true, false, true])
  })
})
