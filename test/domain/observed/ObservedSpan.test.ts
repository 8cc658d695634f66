import { assert, describe, it } from "@effect/vitest"
import * as Envelope from "../../../src/domain/event/Envelope.ts"
import * as SpanEvent from "../../../src/domain/event/SpanEvent.ts"
import * as WireFormat from "../../../src/domain/event/WireFormat.ts"
import type { JsonObject } from "../../../src/domain/json/JsonSnapshot.ts"
import * as ObservedSpan from "../../../src/domain/observed/ObservedSpan.ts"
import * as Schemas from "../../../src/domain/schema/SpanRecord.ts"
import { span } from "./Spans.ts"

const wire = (event: SpanEvent.SpanEvent): JsonObject =>
  (JSON.parse(Envelope.encode(Envelope.make(event, "1.0.0"))) as { readonly spans: readonly [JsonObject] }).spans[0]

describe("ObservedSpan", () => {
  it.prop(
    "survives a round trip through JSON, with name, ids, status, session and metrics",
    [Schemas.SpanRecord],
    ([record]) => {
      const event = SpanEvent.render(record, WireFormat.table["llmobs-intake"])
      const read = ObservedSpan.fromEvent(wire(event), { route: "intake" })
      assert.deepStrictEqual(JSON.parse(JSON.stringify(read)), read)
      assert.deepStrictEqual(
        [read.kind, read.name, read.spanId, read.traceId, read.parentId ?? "undefined", read.status, read.sessionId],
        [
          record.context.kind,
          event.name,
          event.span_id,
          event.trace_id,
          event.parent_id,
          event.status,
          event.session_id
        ]
      )
      assert.deepStrictEqual(read.metrics, JSON.parse(JSON.stringify(event.metrics)))
      if (Math.abs(record.durationNs) < 2 ** 50) {
        assert.closeTo(read.durationMillis * 1_000_000, record.durationNs, 501)
      }
    }
  )

  it("gives an input without its wrapping, and the prompt apart from it", () => {
    const read = (input: JsonObject) =>
      ObservedSpan.fromEvent({ meta: { span: { kind: "llm" }, input } }, { route: "trace" })
    const messages = [{ role: "user", content: "hi" }]
    const both = read({ messages, prompt: { id: "greet" } })
    assert.deepStrictEqual([both.input, both.prompt], [messages, { id: "greet" }])
    const promptAlone = read({ prompt: { id: "greet" } })
    assert.deepStrictEqual([promptAlone.input, promptAlone.prompt], [undefined, { id: "greet" }])
    assert.deepStrictEqual(read({ documents: [{ text: "a" }] }).input, [{ text: "a" }])
    assert.strictEqual(read({ value: "text" }).input, "text")
    assert.deepStrictEqual(read({ question: 1 }).input, { question: 1 })
  })

  it("splits a tag at its first colon", () => {
    const { tags } = ObservedSpan.fromEvent({ tags: ["url:http://a", "flag", "__proto__:x"] }, { route: "trace" })
    assert.deepStrictEqual(Object.entries(tags), [["url", "http://a"], ["flag", ""], ["__proto__", "x"]])
  })

  it("reads any JSON object", () => {
    for (const hostile of [{}, { meta: 1, tags: {}, metrics: [], start_ns: "x", _dd: null }, { meta: { input: [] } }]) {
      const read = ObservedSpan.fromEvent(hostile as JsonObject, { route: "trace" })
      assert.deepStrictEqual(JSON.parse(JSON.stringify(read)), read)
    }
  })

  it("gives the texts of messages, of documents and of a text, and the JSON text of other values", () => {
    assert.deepStrictEqual(ObservedSpan.texts([{ role: "user", content: "a" }, { text: "b" }, "c"]), ["a", "b", "c"])
    assert.deepStrictEqual(ObservedSpan.texts("a"), ["a"])
    assert.deepStrictEqual(ObservedSpan.texts({ a: 1 }), [`{"a":1}`])
    assert.deepStrictEqual(ObservedSpan.texts(undefined), [])
  })

  it("orders spans by their start, and by their counted id within one moment", () => {
    const spans = [span("10", { startMillis: 1 }), span("10"), span("9"), span("2", { startMillis: 1 })]
    assert.deepStrictEqual(
      ObservedSpan.inOrder(spans).map(({ spanId, startMillis }) => [startMillis, spanId]),
      [[0, "9"], [0, "10"], [1, "2"], [1, "10"]]
    )
  })
})
