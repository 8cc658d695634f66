import { assert, describe, it } from "@effect/vitest"
import * as ReceivedEvents from "../../../src/adapters/devagent/ReceivedEvents.ts"
import * as TracePayload from "../../../src/adapters/devagent/TracePayload.ts"
import * as Wire from "./WireBytes.ts"

const bounds = { maxCount: 100, maxBytes: 100_000 }

const chunkOf = (...spans: ReadonlyArray<Uint8Array>): TracePayload.NormalisedChunk => {
  const decoded = TracePayload.decode(Wire.payload(...spans))
  assert.isTrue(decoded.ok)
  const normalised = TracePayload.normalise(decoded.ok ? decoded.chunks[0]! : [])
  assert.isTrue(normalised.ok)
  return (normalised as { readonly chunk: TracePayload.NormalisedChunk }).chunk
}

const withStruct = (struct: Uint8Array, ...fields: ReadonlyArray<Wire.Field>): Uint8Array =>
  Wire.span(["meta_struct", Wire.map(["_llmobs", Wire.bin(struct)])], ...fields)

const received = (...spans: ReadonlyArray<Uint8Array>): ReceivedEvents.ReceivedEvents => {
  const events = ReceivedEvents.make(bounds)
  const chunk = chunkOf(...spans)
  events.addTrace(chunk, chunk.spans)
  return events
}

describe("ReceivedEvents", () => {
  it("converts a riding span to an event as the backend does", () => {
    const struct = Wire.map(
      ["name", Wire.str("wf")],
      ["trace_id", Wire.str("ltrace")],
      ["parent_id", Wire.str("123")],
      ["ml_app", Wire.str("shop")],
      ["session_id", Wire.str("s-1")],
      ["meta", Wire.map(["span", Wire.map(["kind", Wire.str("workflow")])])],
      ["metrics", Wire.map(["input_tokens", Wire.raw(3)])],
      ["tags", Wire.map(["service", Wire.str("shop")], ["ml_app", Wire.str("shop")], ["error", Wire.str("old")])],
      ["_dd", Wire.map(["sample_rate", Wire.str("1")], ["scope", Wire.str("experiments")])],
      ["span_links", Wire.array()]
    )
    const [event] = received(withStruct(
      struct,
      ["name", Wire.str("apm name")],
      ["start", Wire.int64(1790000000123456789n)],
      ["duration", Wire.raw(5)],
      ["error", Wire.raw(1)],
      ["meta", Wire.map(["error.type", Wire.str("Boom")], ["_dd.p.tid", Wire.str("66aa000000000000")])]
    )).all()
    const apmTraceId = "66aa0000000000000000000000000007"
    assert.deepStrictEqual(event?.event, {
      trace_id: "ltrace",
      span_id: "9",
      parent_id: "123",
      name: "wf",
      start_ns: 1790000000123456789n,
      duration: 5,
      status: "error",
      meta: { span: { kind: "workflow" } },
      metrics: { input_tokens: 3 },
      tags: ["error:1", "error_type:Boom", "ml_app:shop", "service:shop"],
      _dd: {
        sample_rate: "1",
        scope: "experiments",
        span_id: "9",
        trace_id: apmTraceId,
        apm_trace_id: apmTraceId
      },
      session_id: "s-1",
      span_links: []
    })
    assert.strictEqual(event?.via, "trace")
    assert.strictEqual(event?.spanId, "9")
    assert.strictEqual(event?.traceId, "ltrace")
    assert.strictEqual(event?.apmTraceId, apmTraceId)
    assert.strictEqual(event?.raw["ml_app"], "shop")
  })

  it("falls back to the APM span's fields when the struct lacks them", () => {
    const [event] = received(withStruct(Wire.map(), ["name", Wire.str("apm name")])).all()
    assert.strictEqual(event?.event["trace_id"], "00000000000000000000000000000007")
    assert.strictEqual(event?.event["parent_id"], "undefined")
    assert.strictEqual(event?.event["name"], "apm name")
    assert.strictEqual(event?.event["status"], "ok")
    assert.deepStrictEqual(event?.event["tags"], ["error:0"])
    assert.isFalse(Object.hasOwn(event!.event, "session_id"))
  })

  it("keeps tags that are a list unchanged", () => {
    const struct = Wire.map(["tags", Wire.array(Wire.str("b:2"), Wire.str("a:1"))])
    assert.deepStrictEqual(received(withStruct(struct)).all()[0]?.event["tags"], ["a:1", "b:2", "error:0"])
  })

  it("gives every span of a chunk the upper half of the trace id, whichever span carries it", () => {
    const events = received(
      Wire.span(["meta", Wire.map(["_dd.p.tid", Wire.str("1")])]),
      withStruct(Wire.map())
    ).all()
    assert.deepStrictEqual(events.map((event) => event.apmTraceId), ["00000000000000010000000000000007"])
  })

  it("counts structs that the intake cannot read, and takes only those of kept spans", () => {
    const events = received(withStruct(Wire.raw()), withStruct(Wire.array()), withStruct(Wire.map()), Wire.span())
    assert.deepStrictEqual(events.counts(), { trace: 1, evp: 0, direct: 0, unreadableStructs: 2, evicted: 0 })
    const none = ReceivedEvents.make(bounds)
    none.addTrace(chunkOf(withStruct(Wire.map())), [])
    assert.deepStrictEqual(none.all(), [])
  })

  it("keeps events that were sent in an envelope with that envelope, duplicates included", () => {
    const events = ReceivedEvents.make(bounds)
    const event = { span_id: "9", trace_id: "ltrace", _dd: { apm_trace_id: "7" } }
    const envelope = { event_type: "span", spans: [event] }
    events.addEnveloped("evp", [{ envelope, event }], 50)
    events.addEnveloped("direct", [{ envelope, event }], 50)
    assert.deepStrictEqual(events.all(), [
      { via: "evp", event, spanId: "9", traceId: "ltrace", apmTraceId: "7", raw: envelope },
      { via: "direct", event, spanId: "9", traceId: "ltrace", apmTraceId: "7", raw: envelope }
    ])
    assert.deepStrictEqual(events.counts(), { trace: 0, evp: 1, direct: 1, unreadableStructs: 0, evicted: 0 })
    events.clear()
    assert.deepStrictEqual(events.all(), [])
    assert.strictEqual(events.counts().evp, 0)
  })

  it("leaves out ids that are missing or of the wrong type", () => {
    const events = ReceivedEvents.make(bounds)
    const event = { span_id: 9, _dd: null }
    events.addEnveloped("evp", [{ envelope: {}, event }], 10)
    assert.deepStrictEqual(events.all()[0], { via: "evp", event, spanId: "", traceId: "", apmTraceId: "", raw: {} })
  })

  it("removes the oldest events and counts them", () => {
    const events = ReceivedEvents.make({ maxCount: 2, maxBytes: 1000 })
    for (const name of ["a", "b", "c"]) {
      events.addEnveloped("evp", [{ envelope: {}, event: { name } }], 10)
    }
    assert.deepStrictEqual(events.all().map(({ event }) => event["name"]), ["b", "c"])
    assert.strictEqual(events.counts().evp, 3)
    assert.strictEqual(events.counts().evicted, 1)
  })
})
