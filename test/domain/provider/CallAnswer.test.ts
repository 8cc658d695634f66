import { assert, describe, it } from "@effect/vitest"
import { Exchange } from "effect-llmobs/core"
import * as Schema from "effect/Schema"
import * as CallAnswer from "../../../src/domain/provider/CallAnswer.ts"
import * as EventStream from "../../../src/domain/provider/EventStream.ts"
import * as ProviderFailure from "../../../src/domain/provider/ProviderFailure.ts"

/** Cuts a text at each of some places. */
const cut = (text: string, places: ReadonlyArray<number>): ReadonlyArray<string> => {
  const ends = [...new Set(places.map((place) => place % (text.length + 1)))].sort((a, b) => a - b)
  return [...ends, text.length].map((end, i) => text.slice(i === 0 ? 0 : ends[i - 1], end))
}

const Places = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 200 })))

const stream = (events: ReadonlyArray<object>): string =>
  events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("") + "data: [DONE]\n\n"

const delta = (content: string) => ({
  object: "chat.completion.chunk",
  model: "gpt-5",
  choices: [{ index: 0, delta: { content } }]
})

describe("EventStream", () => {
  const text =
    ": a comment\r\nevent: a\r\nid: 7\r\ndata: one\r\n\r\ndata:two\ndata: \"2\"\n\nretry: 5\n\ndata\rdata:  three\r\revent: end\ndata: not yet"

  it.prop("reads the same events wherever the text is cut", [Places], ([places]) => {
    const events = EventStream.make(1_000)
    const found = cut(text, places).flatMap((piece) => events.add(piece))
    assert.deepStrictEqual(found, ["one", "two\n\"2\"", "\n three"])
  })

  it("leaves out an event that is too long, and reads the next one", () => {
    const events = EventStream.make(20)
    const found = ["data: ", "x".repeat(15), "x".repeat(50), "\n", "data: y\n\n", "data: z\n\n"].flatMap((piece) =>
      events.add(piece)
    )
    assert.deepStrictEqual(found, ["z"])
  })
})

describe("CallAnswer", () => {
  it("joins a stream, and says when its output begins and when the provider has said all", () => {
    const answer = CallAnswer.make("text/event-stream; charset=utf-8")
    assert.isFalse(answer.add(stream([delta("")]).split("data: [DONE]")[0]!))
    assert.isTrue(answer.add(stream([delta("Hel"), delta("lo")]).split("data: [DONE]")[0]!))
    assert.isFalse(answer.isComplete())
    assert.isFalse(answer.add("data: [DONE]\n\n"))
    assert.isTrue(answer.isComplete())
    assert.strictEqual(Exchange.read(answer.end().output, "output").value.messages?.[0]?.content, "Hello")
  })

  it("reads a whole answer at its end, and nothing of a text that is no JSON object", () => {
    const answer = CallAnswer.make("application/json")
    for (const piece of ["{\"model\":", "\"gpt-5\"}"]) answer.add(piece)
    assert.deepStrictEqual(answer.end().output, { model: "gpt-5" })
    for (const text of ["", "<html>", "7", "null", "{\"a\":"]) {
      const answer = CallAnswer.make("application/json")
      answer.add(text)
      assert.isUndefined(answer.end().output)
    }
  })

  it("keeps no more of an answer than its limit, and says that it is cut", () => {
    const whole = CallAnswer.make("application/json", 100)
    for (let i = 0; i < 50; i++) whole.add("x".repeat(50))
    assert.isTrue(whole.end().isCut)
    assert.isAtMost(whole.end().text.length, 150)
    const streamed = CallAnswer.make("text/event-stream", 1_000)
    for (let i = 0; i < 500; i++) streamed.add(stream([delta("x".repeat(100))]))
    assert.isTrue(streamed.end().isCut)
    assert.isBelow(JSON.stringify(streamed.end().output).length, 10_000)
  })

  const failures: ReadonlyArray<readonly [object, ProviderFailure.ProviderFailure]> = [
    [{ error: { message: "m", type: "server_error" } }, { name: "server_error", message: "m" }],
    [{ type: "error", error: { type: "overloaded_error", message: "m" } }, { name: "overloaded_error", message: "m" }],
    [{ type: "error", code: "server_error", message: "m" }, { name: "server_error", message: "m" }],
    [
      { type: "response.failed", response: { error: { code: "server_error", message: "m" } } },
      { name: "server_error", message: "m" }
    ]
  ]

  for (const [event, failure] of failures) {
    it(`tells the failure that a stream brings: ${JSON.stringify(event)}`, () => {
      const answer = CallAnswer.make("text/event-stream")
      answer.add(stream([delta("Hel"), event]))
      assert.deepStrictEqual(answer.end().failure, failure)
    })
  }
})

describe("ProviderFailure", () => {
  it("names the error of a status as the clients do, in the provider's words", () => {
    const openai = JSON.stringify({ error: { message: "Slow down.", type: "requests" } })
    assert.deepStrictEqual(ProviderFailure.fromAnswer("openai", 429, openai), {
      name: "RateLimitError",
      message: "429 Slow down."
    })
    assert.deepStrictEqual(ProviderFailure.fromAnswer("anthropic", 529, "<html>"), {
      name: "InternalServerError",
      message: "529 <html>"
    })
    const google = JSON.stringify([{ error: { code: 400, message: "No.", status: "INVALID_ARGUMENT" } }])
    assert.deepStrictEqual(ProviderFailure.fromAnswer("google_genai", 400, google), {
      name: "ApiError",
      message: "400 No."
    })
    assert.isAtMost(ProviderFailure.fromAnswer("openai", 500, "x".repeat(9_000)).message.length, 1_010)
  })
})
