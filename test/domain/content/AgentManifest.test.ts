import { assert, describe, it } from "@effect/vitest"
import * as AgentManifest from "../../../src/domain/content/AgentManifest.ts"
import * as HostileValue from "../HostileValue.ts"

describe("AgentManifest", () => {
  it("writes instructions, model, model settings and tools under Datadog's names", () => {
    const { problems, value } = AgentManifest.parse({
      instructions: "Be brief.",
      model: "gpt-5",
      modelProvider: "openai",
      modelSettings: { temperature: 0.2 },
      systemPrompts: ["You help."],
      tools: [{ name: "track", description: "finds a parcel", schema: { type: "object" } }, { name: "refund" }],
      handoffs: [{ agent_name: "clerk" }],
      handoffDescription: "asks the clerk",
      maxIterations: 5,
      custom: { a: 1 }
    })
    assert.deepStrictEqual(problems, [])
    assert.deepStrictEqual(value, {
      instructions: "Be brief.",
      model: "gpt-5",
      model_provider: "openai",
      model_settings: { temperature: 0.2 },
      system_prompts: ["You help."],
      tools: [{ name: "track", description: "finds a parcel", parameters: { type: "object" } }, { name: "refund" }],
      handoffs: [{ agent_name: "clerk" }],
      handoff_description: "asks the clerk",
      max_iterations: 5,
      custom: { a: 1 }
    })
    assert.deepStrictEqual(AgentManifest.parse(value).value, value, "the names on the wire are read too")
  })

  it("leaves out fields of the wrong type and tools without a name, keeps the rest, and reports where", () => {
    const { problems, value } = AgentManifest.parse({
      instructions: 5,
      modelSettings: "hot",
      model: "gpt-5",
      tools: [{ description: "no name" }, "track", { name: "ok" }]
    })
    assert.deepStrictEqual(value, { model: "gpt-5", tools: [{ name: "ok" }] })
    assert.deepStrictEqual(problems.map(({ code, path }) => [code, path]), [[
      "invalid_option",
      "manifest.instructions"
    ]])
    for (const bad of [[], "text", 5, { model: 5 }, { tools: [] }]) {
      assert.isUndefined(AgentManifest.parse(bad).value, JSON.stringify(bad))
    }
  })

  it("reads hostile values without throwing", () => {
    for (const value of HostileValue.each()) {
      AgentManifest.parse(value)
      AgentManifest.parse({ tools: value, instructions: value, custom: value })
    }
  })

  it("always names a framework and the agent", () => {
    assert.deepStrictEqual(AgentManifest.render(undefined, "clerk"), { framework: "manual", name: "clerk" })
    assert.deepStrictEqual(AgentManifest.render({ framework: "own", model: "m" }, "clerk"), {
      framework: "own",
      name: "clerk",
      model: "m"
    })
  })
})
