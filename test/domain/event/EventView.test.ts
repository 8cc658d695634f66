import { assert, describe, it } from "@effect/vitest"
import * as EventView from "../../../src/domain/event/EventView.ts"
import * as HostileValue from "../HostileValue.ts"

const event = {
  trace_id: "6b0c",
  span_id: "2",
  parent_id: "1",
  name: "chat",
  start_ns: 1_700_000_000_123_456_789n,
  duration: 1_500_000,
  status: "error",
  session_id: "s-1",
  meta: {
    span: { kind: "llm" },
    model_name: "gpt-5",
    model_provider: "openai",
    error: { type: "RangeError", message: "no" },
    input: { messages: [{ role: "user", content: "Hi" }], prompt: { id: "greet" } },
    output: { value: "x" },
    tool_definitions: [{ name: "track" }],
    metadata: { temperature: 0.2 }
  },
  metrics: { input_tokens: 3 },
  tags: ["ml_app:shop", "team:a:b", "bare", "usr.id:u-1"],
  collection_errors: ["dropped_io"],
  _dd: { apm_trace_id: "00ab" }
}

describe("EventView", () => {
  it("gives every field of an event its type, and no bigint", () => {
    assert.deepStrictEqual(EventView.fromEvent(event, "evp"), {
      route: "evp",
      traceId: "6b0c",
      spanId: "2",
      parentId: "1",
      apmTraceId: "00ab",
      name: "chat",
      kind: "llm",
      status: "error",
      error: { type: "RangeError", message: "no" },
      startMillis: 1_700_000_000_123.456_8,
      durationMillis: 1.5,
      mlApp: "shop",
      sessionId: "s-1",
      userId: "u-1",
      accountId: undefined,
      model: "gpt-5",
      provider: "openai",
      input: { messages: [{ role: "user", content: "Hi" }] },
      output: { value: "x" },
      expectedOutput: undefined,
      prompt: { id: "greet" },
      toolDefinitions: [{ name: "track" }],
      collectionErrors: ["dropped_io"],
      metadata: { temperature: 0.2 },
      metrics: { input_tokens: 3 },
      tags: { ml_app: "shop", team: "a:b", bare: "", "usr.id": "u-1" }
    })
  })

  it.prop("reads any value as an event that JSON can express", [HostileValue.arbitrary], ([part]) => {
    const hostile = [part, { ...event, meta: part }, { ...event, tags: part, metrics: part, start_ns: part }]
    for (const each of hostile) {
      const view = EventView.fromEvent(each, "trace")
      assert.strictEqual(typeof JSON.stringify(view), "string")
      assert.isTrue(Object.values(view.metrics).every((value) => typeof value === "number"))
    }
  })

  it("gives each side in the shape of its kind, and keeps the sides of experiments", () => {
    const side = (input: unknown) => EventView.fromEvent({ meta: { input } }, "trace").input
    assert.deepStrictEqual(side({ documents: [{ text: "a" }] }), { documents: [{ text: "a" }] })
    assert.deepStrictEqual(side({ value: "a", prompt: {} }), { value: "a" })
    assert.deepStrictEqual(side({ question: 1 }), { value: { question: 1 } })
    assert.deepStrictEqual(side([1]), { value: [1] })
    assert.deepStrictEqual(side({ prompt: { id: "greet" } }), {})
  })

  it("gives the texts of messages, of documents and of a value, and the JSON text of other JSON", () => {
    assert.deepStrictEqual(EventView.texts({ messages: [{ role: "user", content: "a" }] }), ["a"])
    assert.deepStrictEqual(EventView.texts({ documents: [{ text: "a" }, { id: "b" }] }), ["a", `{"id":"b"}`])
    assert.deepStrictEqual(EventView.texts({ value: "a" }), ["a"])
    assert.deepStrictEqual(EventView.texts({ value: { a: 1 } }), [`{"a":1}`])
    assert.deepStrictEqual(EventView.texts({}), [])
  })

  it("selects events by their fields or by a function", () => {
    const view = EventView.fromEvent(event, "evp")
    assert.isTrue(EventView.matches(view, { kind: "llm", sessionId: "s-1" }))
    assert.isFalse(EventView.matches(view, { kind: "llm", name: "other" }))
    assert.isTrue(EventView.matches(view, (given) => given.durationMillis > 1))
    assert.isTrue(EventView.matches(view, {}))
  })
})
