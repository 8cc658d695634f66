import { assert, describe, it } from "@effect/vitest"
import * as ToolDefinition from "../../../src/domain/content/ToolDefinition.ts"
import * as HostileValue from "../HostileValue.ts"

describe("ToolDefinition", () => {
  it("reads full and minimal tool definitions", () => {
    const tools = [
      {
        name: "f",
        description: "d",
        schema: { type: "object", properties: { x: { type: "string" } } },
        version: "1.0"
      },
      { name: "minimal" }
    ]
    const { problems, value } = ToolDefinition.parse(tools)
    assert.deepStrictEqual(value, tools)
    assert.deepStrictEqual(problems, [])
  })

  it("leaves out bad items and bad optional fields, and reports where", () => {
    const { problems, value } = ToolDefinition.parse([
      { description: "no name" },
      { name: "" },
      { name: 5 },
      "text",
      { name: "ok", description: 5, schema: "x", version: 2, extra: true }
    ])
    assert.deepStrictEqual(value, [{ name: "ok" }])
    assert.deepStrictEqual(problems.map((p) => p.path), [
      "toolDefinitions[0]",
      "toolDefinitions[1]",
      "toolDefinitions[2]",
      "toolDefinitions[3]",
      "toolDefinitions[4].description",
      "toolDefinitions[4].schema",
      "toolDefinitions[4].version"
    ])
    assert.isTrue(problems.every((p) => p.code === "invalid_tool_definitions"))
  })

  it("sets no definitions when none is left", () => {
    assert.deepStrictEqual(ToolDefinition.parse([]), { value: undefined, bytes: 0, problems: [] })
    assert.deepStrictEqual(ToolDefinition.parse(undefined), { value: undefined, bytes: 0, problems: [] })
    for (const none of [{}, { f: "text" }, "f", 1]) {
      const { problems, value } = ToolDefinition.parse(none)
      assert.strictEqual(value, undefined)
      assert.deepStrictEqual(problems.map((p) => [p.code, p.path]), [["invalid_tool_definitions", "toolDefinitions"]])
    }
  })

  const schema = { type: "object", properties: { parcel: { type: "string" } } }
  const track = { name: "track", description: "Finds a parcel.", schema }
  const ofProviders: ReadonlyArray<readonly [of: string, tools: unknown]> = [
    ["one definition", { ...track }],
    ["OpenAI's chat", [{
      type: "function",
      function: { name: "track", description: "Finds a parcel.", parameters: schema }
    }]],
    ["OpenAI's responses", [{ type: "function", name: "track", description: "Finds a parcel.", parameters: schema }]],
    ["Anthropic", [{ name: "track", description: "Finds a parcel.", input_schema: schema }]],
    ["Gemini", [{ functionDeclarations: [{ name: "track", description: "Finds a parcel.", parameters: schema }] }]],
    ["Bedrock", [{ toolSpec: { name: "track", description: "Finds a parcel.", inputSchema: { json: schema } } }]],
    ["the AI SDK", { track: { description: "Finds a parcel.", inputSchema: { jsonSchema: schema } } }]
  ]
  for (const [of, tools] of ofProviders) {
    it(`reads the tools of a request: ${of}`, () => {
      const { problems, value } = ToolDefinition.parse(tools)
      assert.deepStrictEqual(value, [track])
      assert.deepStrictEqual(problems, [])
    })
  }

  it("reports only a few of many bad items", () => {
    const { problems } = ToolDefinition.parse(Array.from({ length: 1_000 }, () => 1))
    assert.strictEqual(problems.length, 10)
  })

  it.prop("reads any value without throwing, and bounds its size from above", [HostileValue.arbitrary], ([input]) => {
    for (const given of [input, [{ name: "f", schema: input, description: "d" }]]) {
      const { bytes, value } = ToolDefinition.parse(given)
      if (value !== undefined) assert.isAtLeast(bytes, Buffer.byteLength(JSON.stringify(value)))
    }
  }, { arbitrary: { runs: 500 } })
})
