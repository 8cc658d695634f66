import { assert, describe, it } from "@effect/vitest"
import * as Message from "../../../src/domain/content/Message.ts"
import * as HostileValue from "../HostileValue.ts"

const value = (u: unknown) => Message.parse(u, "input").value
const problem = (u: unknown) => {
  const { bytes, problems, value } = Message.parse(u, "input")
  assert.strictEqual(value, undefined)
  assert.strictEqual(bytes, 0)
  assert.strictEqual(problems.length, 1)
  return [problems[0]!.code, problems[0]!.path]
}

describe("Message", () => {
  it("reads texts, objects and lists, and fills the role", () => {
    assert.deepStrictEqual(value("hi"), [{ content: "hi", role: "" }])
    assert.deepStrictEqual(value(""), [{ content: "", role: "" }])
    assert.deepStrictEqual(value({}), [{ content: "", role: "" }])
    assert.deepStrictEqual(value({ foo: "bar" }), [{ content: "", role: "" }])
    assert.deepStrictEqual(value(["first", { role: "user", content: "second", id: "m1", extra: { a: 1 } }]), [
      { content: "first", role: "" },
      { content: "second", role: "user" }
    ])
    assert.deepStrictEqual(value({ content: "x", role: null }), [{ content: "x", role: "" }])
  })

  it("sets nothing for an empty list and for undefined", () => {
    assert.deepStrictEqual(Message.parse([], "input"), { value: undefined, bytes: 0, problems: [] })
    assert.deepStrictEqual(Message.parse(undefined, "input"), { value: undefined, bytes: 0, problems: [] })
  })

  it("reads tool calls and results, and leaves out optional texts that are none", () => {
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

  it("fails the side at the first message that cannot be read, and says where", () => {
    const table: ReadonlyArray<readonly [unknown, string]> = [
      [5, "input"],
      [null, "input"],
      [["fine", null], "input[1]"],
      [[["nested"]], "input[0]"],
      [{ content: null }, "input.content"],
      [[{ content: 1 }], "input[0].content"],
      [[{ content: "x", role: 5 }], "input[0].role"],
      [{ toolCalls: {} }, "input.toolCalls"],
      [{ toolCalls: ["x"] }, "input.toolCalls[0]"],
      [{ tool_calls: [{ arguments: {} }] }, "input.toolCalls[0].name"],
      [{ toolCalls: [{ name: "", arguments: {} }] }, "input.toolCalls[0].name"],
      [
        [{ toolCalls: [{ name: "f", arguments: {} }, { name: "f", arguments: "{}" }] }],
        "input[0].toolCalls[1].arguments"
      ],
      [{ toolCalls: [{ name: "f", arguments: [] }] }, "input.toolCalls[0].arguments"],
      [{ toolResults: [{ name: "f" }] }, "input.toolResults[0].result"],
      [{ imageParts: [{ content: "x" }] }, "input.imageParts[0].mimeType"],
      [{ imageParts: [{ mimeType: "image/png" }] }, "input.imageParts[0]"],
      [{ audioParts: [{ mimeType: "a/b", content: "x", attachmentKey: "y" }] }, "input.audioParts[0]"],
      [{ audioParts: [{ mimeType: "a/b", content: 1 }] }, "input.audioParts[0]"]
    ]
    for (const [input, path] of table) assert.deepStrictEqual(problem(input), ["invalid_io_messages", path])
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

  it.prop("is total, and its bound is never below the real size", [HostileValue.arbitrary], ([input]) => {
    for (const given of [input, { toolCalls: [{ name: "f", arguments: input }] }, ["x", input]]) {
      const { bytes, value } = Message.parse(given, "input")
      if (value !== undefined) assert.isAtLeast(bytes, Buffer.byteLength(JSON.stringify(value)))
    }
  }, { arbitrary: { runs: 500 } })
})
