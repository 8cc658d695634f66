import { assert, describe, it } from "@effect/vitest"
import * as Message from "../../../src/domain/content/Message.ts"
import * as HostileValue from "../HostileValue.ts"

const value = (u: unknown) => Message.parse(u, "input").value

const plain = (u: unknown): unknown => JSON.parse(JSON.stringify(u))

describe("Message", () => {
  it("reads texts, objects and lists as messages, with the role of the side", () => {
    assert.deepStrictEqual(value("hi"), [{ content: "hi", role: "user" }])
    assert.deepStrictEqual(Message.parse("hi", "output").value, [{ content: "hi", role: "assistant" }])
    assert.deepStrictEqual(value(""), [{ content: "", role: "user" }])
    assert.deepStrictEqual(value({}), [{ content: "", role: "user" }])
    assert.deepStrictEqual(value(["first", { role: "user", content: "second", id: "m1", extra: { a: 1 } }]), [
      { content: "first", role: "user" },
      { content: "second", role: "user" }
    ])
    assert.deepStrictEqual(value({ content: "x", role: null }), [{ content: "x", role: "user" }])
    assert.deepStrictEqual(value({ content: null, role: "assistant" }), [{ content: "", role: "assistant" }])
  })

  it("sets no messages for an empty list and for undefined", () => {
    assert.deepStrictEqual(Message.parse([], "input"), { value: undefined, bytes: 0, problems: [] })
    assert.deepStrictEqual(Message.parse(undefined, "input"), { value: undefined, bytes: 0, problems: [] })
  })

  it("reads tool calls and results, and leaves out optional fields that are not text", () => {
    const wire = [{
      content: "",
      role: "assistant",
      tool_calls: [
        { name: "get_weather", arguments: { city: "NYC", days: 2 }, tool_id: "call_1", type: "function" },
        { name: "bare", arguments: {} }
      ],
      tool_results: [{ result: "sunny", name: "get_weather", tool_id: "call_1", type: "function" }, { result: "" }]
    }]
    assert.deepStrictEqual(value(wire), wire)
    assert.deepStrictEqual(
      value({
        role: "assistant",
        toolCalls: [
          { name: "get_weather", arguments: { city: "NYC", days: 2 }, toolId: "call_1", type: "function" },
          { name: "bare", arguments: {}, toolId: 7, type: null }
        ],
        toolResults: [{ result: "sunny", name: "get_weather", toolId: "call_1", type: "function" }, {
          result: "",
          name: 1
        }]
      }),
      wire
    )
  })

  it("reads media parts with inline content or an attachment", () => {
    const wire = [{
      content: "see",
      role: "user",
      audio_parts: [{ mime_type: "audio/wav", content: "aGVsbG8=" }],
      image_parts: [{ mime_type: "image/png", content: "" }, { mime_type: "image/jpeg", attachment_key: "att-1" }]
    }]
    assert.deepStrictEqual(value(wire), wire)
    assert.deepStrictEqual(
      value({
        content: "see",
        role: "user",
        audioParts: [{ mimeType: "audio/wav", content: "aGVsbG8=" }],
        imageParts: [{ mimeType: "image/png", content: "" }, { mimeType: "image/jpeg", attachmentKey: "att-1" }]
      }),
      wire
    )
  })

  const call = { name: "f", arguments: {} }
  const unreadable: ReadonlyArray<readonly [unknown, unknown, string, string]> = [
    [
      [{ content: "x", role: 5 }, "y"],
      [{ content: "x", role: "user" }, { content: "y", role: "user" }],
      "invalid_io_messages",
      "input[0].role"
    ],
    [["x", null], [{ content: "x", role: "user" }], "invalid_io_messages", "input[1]"],
    [5, [{ content: "5", role: "user" }], "unknown_shape", "input"],
    [[{ content: 1 }], [{ content: "1", role: "user" }], "unknown_shape", "input[0].content"],
    [{ toolCalls: {} }, [{ content: "{}", role: "user" }], "unknown_shape", "input.toolCalls"],
    [
      { toolCalls: ["x", call] },
      [{ content: "x", role: "user", tool_calls: [call] }],
      "unknown_shape",
      "input.toolCalls[0]"
    ],
    [
      { content: "hi", tool_calls: [{ arguments: {} }, call] },
      [{ content: "hi\n{\"arguments\":{}}", role: "user", tool_calls: [call] }],
      "unknown_shape",
      "input.toolCalls[0]"
    ],
    [
      { toolResults: [{ name: "f" }] },
      [{ content: "{\"name\":\"f\"}", role: "user" }],
      "unknown_shape",
      "input.toolResults[0]"
    ],
    [
      { imageParts: [{ content: "x" }] },
      [{ content: "{\"content\":\"x\"}", role: "user" }],
      "unknown_shape",
      "input.imageParts[0]"
    ]
  ]
  for (const [input, messages, code, path] of unreadable) {
    it(`converts only unreadable messages to JSON text, and reports where: ${JSON.stringify(input)}`, () => {
      const { problems, value } = Message.parse(input, "input")
      assert.deepStrictEqual(plain(value), messages)
      assert.deepStrictEqual(problems.map((problem) => [problem.code, problem.path]), [[code, path]])
    })
  }

  it("parses arguments that are JSON text, and keeps others under value", () => {
    const of = (given: unknown) =>
      value({ toolCalls: [{ name: "f", arguments: given }] })![0]!.tool_calls![0]!.arguments
    assert.deepStrictEqual(of("{\"a\":1}"), { a: 1 })
    assert.deepStrictEqual(of(""), {})
    assert.deepStrictEqual(of("[1]"), { value: [1] })
    assert.deepStrictEqual(of("{\"a\":"), { value: "{\"a\":" })
    assert.deepStrictEqual(of("\"\\ud800\""), { value: "\ufffd" })
  })

  it("reads its own messages back unchanged", () => {
    const given = [{ role: "tool", tool_call_id: "1", content: "r" }, {
      role: "assistant",
      tool_calls: [{ id: "1", function: { name: "f", arguments: "5" } }]
    }]
    const once = value(given)
    assert.deepStrictEqual(plain(value(once)), plain(once))
  })

  it("keeps arguments as structure down to the twelfth level below meta", () => {
    let deep: unknown = "leaf"
    for (let i = 0; i < 8; i++) deep = { n: deep }
    const [list] = value([{ toolCalls: [{ name: "f", arguments: deep }] }])!
    const [alone] = value({ toolCalls: [{ name: "f", arguments: deep }] })!
    assert.deepStrictEqual(list, alone)
    assert.strictEqual(
      JSON.stringify(list!.tool_calls![0]!.arguments),
      JSON.stringify({ n: { n: { n: { n: { n: { n: "{\"n\":{\"n\":\"leaf\"}}" } } } } } })
    )
  })

  it.prop("reads any value without throwing, and bounds its size from above", [HostileValue.arbitrary], ([input]) => {
    for (const given of [input, { toolCalls: [{ name: "f", arguments: input }] }, ["x", input]]) {
      const { bytes, value } = Message.parse(given, "input")
      if (value !== undefined) assert.isAtLeast(bytes, Buffer.byteLength(JSON.stringify(value)))
    }
  }, { arbitrary: { runs: 500 } })
})
