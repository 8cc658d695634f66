import { assert, describe, it } from "@effect/vitest"
import type { Extracted } from "../../../src/domain/propagation/Propagation.ts"
import type { ApmSpan } from "../../../src/domain/span/ApmSpan.ts"
import * as TraceChunk from "../../../src/domain/trace/TraceChunk.ts"
import { makeRecord } from "../Records.ts"

const span: ApmSpan = {
  traceId: "6a86f1c000000000aa11bb22cc33dd44",
  spanId: "00000000000000aa",
  parentId: undefined,
  name: "n",
  resource: "r",
  service: "s",
  type: "",
  startNs: 1n,
  durationNs: 1,
  error: 0,
  meta: {},
  metrics: {},
  links: []
}

const upstream: Extracted = {
  style: "datadog",
  traceId: span.traceId,
  parentId: "00000000000000bb",
  priority: 1,
  origin: "rum",
  propagationTags: new Map([["_dd.p.dm", "-4"], ["_dd.p.usr", "x"]]),
  tracestate: [],
  lastParentId: "00000000000000cc",
  links: [],
  baggage: new Map(),
  baggageTags: new Map([["baggage.user.id", "u"]]),
  llmobs: undefined,
  propagationError: "decoding_error"
}

const options = { traceId: span.traceId, priority: 1, decisionMaker: undefined, upstream: undefined }

describe("TraceChunk", () => {
  it("gives the riders in the order of their spans", () => {
    const [a, b] = [makeRecord(), makeRecord()]
    const spans = [a, undefined, b].map((rider) => ({ span, rider }))
    const riders = TraceChunk.riders({ spans })
    assert.strictEqual(riders.length, 2)
    assert.strictEqual(riders[0], a)
    assert.strictEqual(riders[1], b)
    assert.deepStrictEqual(TraceChunk.riders({ spans: [] }), [])
  })

  it("always says the priority, and the upper half of a trace id that has one", () => {
    for (const priority of [-1, 0, 1, 2]) {
      assert.deepStrictEqual(TraceChunk.firstSpanTags({ ...options, priority }), {
        meta: { "_dd.p.tid": "6a86f1c000000000" },
        metrics: { _sampling_priority_v1: priority }
      })
    }
    const traceId = "0000000000000000aa11bb22cc33dd44"
    assert.deepStrictEqual(TraceChunk.firstSpanTags({ ...options, traceId }).meta, {})
  })

  it("passes on what an upstream sent, and puts our own decision over the upstream's", () => {
    const passed = {
      "_dd.p.dm": "-4",
      "_dd.p.usr": "x",
      "_dd.origin": "rum",
      "_dd.parent_id": "00000000000000cc",
      "_dd.propagation_error": "decoding_error",
      "_dd.p.tid": "6a86f1c000000000",
      "baggage.user.id": "u"
    }
    assert.deepStrictEqual(TraceChunk.firstSpanTags({ ...options, upstream }).meta, passed)
    assert.deepStrictEqual(TraceChunk.firstSpanTags({ ...options, upstream, decisionMaker: "-3" }).meta, {
      ...passed,
      "_dd.p.dm": "-3"
    })
  })
})
