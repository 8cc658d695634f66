import { assert, describe, it } from "@effect/vitest"
import * as Prompt from "effect/ai/Prompt"
import * as Response from "effect/ai/Response"
import type { Message } from "../../../src/domain/content/Message.ts"
import * as Exchange from "../../../src/domain/provider/Exchange.ts"
import * as HostileValue from "../HostileValue.ts"
import * as Conversation from "./Conversation.ts"
import * as Fixtures from "./Fixtures.ts"

const plain = (u: unknown): unknown => JSON.parse(JSON.stringify(u))

const read = (u: unknown, side: Exchange.Side) => {
  const { problems, value } = Exchange.read(u, side)
  assert.deepStrictEqual(problems, [])
  return value
}

const messages = (u: unknown, side: Exchange.Side = "input") => plain(read(u, side).messages)

/** The texts and tool calls of a conversation, in any form of messages. */
const held = (messages: ReadonlyArray<Message>) => ({
  texts: messages.filter((message) => message.role !== "reasoning").map((message) => message.content).join("\n"),
  thoughts: messages.filter((message) => message.role === "reasoning").map((message) => message.content).join("\n"),
  calls: messages.flatMap((message) => message.tool_calls ?? []).map((
    call
  ) => [call.tool_id, call.name, call.arguments]),
  results: messages.flatMap((message) => message.tool_results ?? []).map((result) => [result.tool_id, result.result])
})

describe("Exchange", () => {
  for (const { chunks, expected, name, recorded, request, response, source } of Fixtures.all) {
    it(`reads ${name}, ${recorded ? "recorded" : "written"}: ${source}`, () => {
      if (request !== undefined) assert.deepStrictEqual(plain(read(request, "input")), expected.input)
      if (response !== undefined) assert.deepStrictEqual(plain(read(response, "output")), expected.output)
      if (chunks !== undefined) assert.deepStrictEqual(plain(read(chunks, "output")), expected.output)
    })
  }

  for (const [dialect, write] of Object.entries(Conversation.writers)) {
    it.prop(
      `loses no text and no tool call of a conversation in the form of ${dialect}`,
      [Conversation.turns],
      ([turns]) => {
        const written = write(turns)
        for (const given of [written, Array.isArray(written) ? [written] : written]) {
          const { calls, results, texts, thoughts } = held(read(given, "input").messages!)
          for (const turn of turns) {
            assert.include(texts, turn.question)
            assert.include(texts, turn.answer)
            assert.include(thoughts, turn.thought)
          }
          const all = turns.flatMap((turn) => turn.calls)
          assert.deepStrictEqual(calls, all.map((call) => [call.id, call.name, call.args]))
          assert.deepStrictEqual(
            results.map(([id, result]) => [id, dialect === "gemini" ? JSON.parse(result!).result : result]),
            all.map((call) => [call.id, call.result])
          )
        }
      },
      { arbitrary: { runs: 50 } }
    )
  }

  it("reads Effect's Prompt and the parts of its Response", () => {
    const prompt = Prompt.make([
      { role: "system", content: "Be brief." },
      { role: "user", content: [{ type: "text", text: "Weather?" }] },
      {
        role: "assistant",
        content: [{ type: "tool-call", id: "1", name: "weather", params: { city: "Rome" }, providerExecuted: false }]
      },
      {
        role: "tool",
        content: [{
          type: "tool-result",
          id: "1",
          name: "weather",
          result: { sky: "sunny" },
          isFailure: false,
          providerExecuted: false
        }]
      }
    ] as never)
    assert.deepStrictEqual(messages(prompt), [
      { content: "Be brief.", role: "system" },
      { content: "Weather?", role: "user" },
      {
        content: "",
        role: "assistant",
        tool_calls: [{ name: "weather", arguments: { city: "Rome" }, tool_id: "1", type: "function" }]
      },
      {
        content: "",
        role: "tool",
        tool_results: [{ result: "{\"sky\":\"sunny\"}", name: "weather", tool_id: "1", type: "tool_result" }]
      }
    ])
    const usage = new Response.Usage({
      inputTokens: { uncached: 1, total: 3, cacheRead: 2, cacheWrite: 0 },
      outputTokens: { total: 5, text: 3, reasoning: 2 }
    })
    const finish = Response.makePart("finish", { reason: "stop", usage, response: undefined })
    const whole = [
      Response.makePart("reasoning", { text: "Sunny." }),
      Response.makePart("text", { text: "It is sunny." }),
      finish
    ]
    const deltas = [
      Response.makePart("reasoning-start", { id: "r" }),
      Response.makePart("reasoning-delta", { id: "r", delta: "Sun" }),
      Response.makePart("reasoning-delta", { id: "r", delta: "ny." }),
      Response.makePart("text-start", { id: "t" }),
      Response.makePart("text-delta", { id: "t", delta: "It is " }),
      Response.makePart("text-delta", { id: "t", delta: "sunny." }),
      finish
    ]
    for (const output of [whole, { content: whole }, deltas]) {
      const { finishReasons, messages, metrics } = read(output, "output")
      assert.deepStrictEqual(plain(messages), [
        { content: "Sunny.", role: "reasoning" },
        { content: "It is sunny.", role: "assistant" }
      ])
      const { input_tokens, cache_read_input_tokens, output_tokens, reasoning_output_tokens, total_tokens } = metrics!
      assert.deepStrictEqual(
        [input_tokens, cache_read_input_tokens, output_tokens, reasoning_output_tokens, total_tokens],
        [3, 2, 5, 2, 8]
      )
      assert.deepStrictEqual(finishReasons, ["stop"])
    }
  })

  for (
    const given of ["hi", ["hi"], { content: "hi" }, [{ content: "hi", role: null }], [{ type: "text", text: "hi" }]]
  ) {
    it(`gives a text and a message without a role to the user in the input, and to the assistant in the output: ${JSON.stringify(given)}`, () => {
      assert.deepStrictEqual(messages(given, "input"), [{ content: "hi", role: "user" }])
      assert.deepStrictEqual(messages(given, "output"), [{ content: "hi", role: "assistant" }])
    })
  }

  it("reads plain messages, and their size, as it reads objects without a prototype", () => {
    const given = [{ role: "user", content: "\u00e9\n\"x" }, { content: "", role: "assistant" }]
    const others = given.map((message) => Object.assign(Object.create(null), message) as unknown)
    assert.deepStrictEqual(Exchange.read(given, "input"), Exchange.read(others, "input"))
    const broken = { role: "user", content: "a\ud800" }
    assert.deepStrictEqual(messages([broken]), [{ content: "a\ufffd", role: "user" }])
    assert.deepStrictEqual(messages(Object.assign([broken], { toJSON: () => ["b"] })), [{ content: "b", role: "user" }])
    const { proxy, revoke } = Proxy.revocable([], {})
    revoke()
    assert.deepStrictEqual(Exchange.read(proxy, "input").problems.map(({ code }) => code), ["unreadable_value"])
  })

  it("takes null as missing content", () => {
    assert.deepStrictEqual(messages([{ role: "assistant", content: null }]), [{ content: "", role: "assistant" }])
  })

  it("adds up the usage of several answers on the output side, and takes none on the input side", () => {
    const answer = {
      choices: [{ message: { role: "assistant", content: "a" }, finish_reason: "stop" }],
      usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 }
    }
    assert.deepStrictEqual(plain(read([answer, answer], "output").metrics), {
      input_tokens: 2,
      output_tokens: 4,
      total_tokens: 6
    })
    assert.deepStrictEqual(messages([answer, "next"]), [{ content: "a", role: "assistant" }, {
      content: "next",
      role: "user"
    }])
    assert.strictEqual(read([answer], "input").metrics, undefined)
  })

  it("joins loose parts into one message", () => {
    const parts = [
      { type: "text", text: "Let me " },
      { type: "text", text: "look." },
      { type: "tool_use", id: "1", name: "weather", input: {} }
    ]
    assert.deepStrictEqual(messages(parts, "output"), [{
      content: "Let me look.",
      role: "assistant",
      tool_calls: [{ name: "weather", arguments: {}, tool_id: "1", type: "tool_use" }]
    }])
  })

  const unknownShapes: ReadonlyArray<readonly [unknown, string, string]> = [
    [{ foo: "bar" }, "{\"foo\":\"bar\"}", "output"],
    [[5], "5", "output[0]"],
    [
      [{ role: "assistant", content: [{ type: "hologram", rays: 3 }] }],
      "{\"type\":\"hologram\",\"rays\":3}",
      "output[0].content[0]"
    ],
    [{ role: "assistant", toolCalls: [{ arguments: {} }] }, "{\"arguments\":{}}", "output.toolCalls[0]"],
    [{ steps: ["one", "two"] }, "{\"steps\":[\"one\",\"two\"]}", "output"]
  ]
  for (const [given, content, path] of unknownShapes) {
    it(`records an unknown shape as JSON text, with a problem that names its place: ${JSON.stringify(given)}`, () => {
      const { problems, value } = Exchange.read(given, "output")
      assert.deepStrictEqual(plain(value.messages), [{ content, role: "assistant" }])
      assert.deepStrictEqual(problems.map((problem) => [problem.code, problem.path]), [["unknown_shape", path]])
    })
  }

  it("leaves out only the message that is null, and reports it", () => {
    const { problems, value } = Exchange.read(["first", null, "third"], "input")
    assert.deepStrictEqual(value.messages!.map((message) => message.content), ["first", "third"])
    assert.deepStrictEqual(problems.map((problem) => [problem.code, problem.path]), [[
      "invalid_io_messages",
      "input[1]"
    ]])
  })

  it("keeps arguments that are not JSON as text, and joins the pieces of an interrupted stream", () => {
    const delta = (delta: object) => ({ choices: [{ index: 0, delta, finish_reason: null }] })
    const call = (args: string) =>
      delta({ tool_calls: [{ index: 0, id: "1", function: { name: "f", arguments: args } }] })
    const pieces = [delta({ role: "assistant", content: "Let me" }), call("{\"a\":")]
    assert.deepStrictEqual(messages(pieces, "output"), [{
      content: "Let me",
      role: "assistant",
      tool_calls: [{ name: "f", arguments: { value: "{\"a\":" }, tool_id: "1", type: "function" }]
    }])
  })

  it("bounds the number of places that a stream may name", () => {
    const chunks = Array.from({ length: 11_000 }, (_, i) => ({
      type: "content_block_delta",
      index: 2 ** 40 + i,
      delta: { type: "text_delta", text: "x" }
    }))
    assert.strictEqual(read(chunks, "output").messages![0]!.content.length, 10_000)
  })

  it("touches no prototype, whatever the keys are", () => {
    const hostile = JSON.parse(
      "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"__proto__\":{\"polluted\":1},\"type\":\"text\",\"text\":\"x\"}}"
    )
    for (const side of ["input", "output"] as const) {
      Exchange.read([hostile, { "__proto__": 1, constructor: { name: "x" } }], side)
    }
    assert.isFalse("polluted" in {})
  })

  it.prop("reads any value without throwing, and bounds its size from above", [HostileValue.arbitrary], ([hostile]) => {
    for (const side of ["input", "output"] as const) {
      for (
        const given of [
          hostile,
          { role: "user", content: [hostile] },
          { choices: [{ message: hostile }], usage: hostile },
          { contents: hostile, tools: hostile, generationConfig: hostile },
          [{ type: "finish", usage: hostile }, hostile]
        ]
      ) {
        const { bytes, value } = Exchange.read(given, side)
        const { metrics, messages, parameters, toolDefinitions } = value
        assert.isAtLeast(
          bytes + 100,
          Buffer.byteLength(JSON.stringify({ messages, metrics, parameters, toolDefinitions }))
        )
      }
    }
  }, { arbitrary: { runs: 150 } })
})
