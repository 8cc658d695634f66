import { assert, describe, it } from "@effect/vitest"
import * as Envelope from "../../../src/domain/event/Envelope.ts"
import * as SpanEvent from "../../../src/domain/event/SpanEvent.ts"
import * as WireFormat from "../../../src/domain/event/WireFormat.ts"
import * as JsonText from "../../../src/domain/json/JsonText.ts"
import * as SpanEventSchema from "../../../src/domain/schema/SpanEvent.ts"
import { makeContext, makeRecord } from "../Records.ts"

const event = (context = makeContext()) => SpanEvent.render(makeRecord({ context }), WireFormat.table["evp-proxy"])

describe("Envelope", () => {
  it("wraps one event, and names the library", () => {
    const one = event()
    assert.deepStrictEqual(Envelope.make(one, "0.1.0"), {
      "_dd.stage": "raw",
      "_dd.tracer_version": "0.1.0",
      event_type: "span",
      spans: [one]
    })
  })

  it("writes the scope of an experiment's event", () => {
    const experiment = { experimentId: "e", tags: { experiment_id: "e" } }
    const envelope = Envelope.make(event(makeContext({ labels: { experiment } })), "0.1.0")
    assert.strictEqual(envelope["_dd.scope"], "experiments")
  })

  it("writes the start as an exact integer", () => {
    assert.include(Envelope.encode(Envelope.make(event(), "0.1.0")), "\"start_ns\":1787299200123456789,")
  })

  it.prop("has exactly the measured length", [SpanEventSchema.SpanEvent], ([event]) => {
    const envelope = Envelope.make(event, "0.1.0")
    assert.strictEqual(Buffer.byteLength(Envelope.encode(envelope)), JsonText.byteLength(envelope))
  })
})
