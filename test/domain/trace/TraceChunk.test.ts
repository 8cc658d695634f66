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

const own = { meta: { own: "1" }, metrics: { count: 2 } }
const facts: TraceChunk.Facts = {
  traceId: span.traceId,
  priority: 1,
  decisionMaker: undefined,
  upstream: undefined,
  root: { meta: { language: "javascript", "runtime-id": "r", "_dd.p.ksr": "0.5" }, metrics: { process_id: 7 } },
  llm: undefined,
  env: undefined,
  version: undefined
}
const inside: TraceChunk.Place = { root: false, topLevel: false, first: false }
const first = { ...inside, first: true }
const none: TraceChunk.Tags = { meta: {}, metrics: {} }

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

  it("adds no tags to a span inside the chunk, and keeps the span's own tags unchanged", () => {
    assert.deepStrictEqual(TraceChunk.seal(own, inside, facts), own)
    TraceChunk.seal(own, { root: true, topLevel: true, first: true }, { ...facts, env: "prod" })
    assert.deepStrictEqual(own, { meta: { own: "1" }, metrics: { count: 2 } })
  })

  it("writes env and version on every span, and marks the entry into the service", () => {
    const place = { ...inside, topLevel: true }
    assert.deepStrictEqual(TraceChunk.seal(none, place, { ...facts, env: "prod", version: "v7" }), {
      meta: { env: "prod", version: "v7" },
      metrics: { "_dd.top_level": 1 }
    })
  })

  it("writes the tags of the process, of the decision and of the first LLM span on the local root", () => {
    const llm = { traceId: "t", spanId: "9" }
    assert.deepStrictEqual(TraceChunk.seal(own, { ...inside, root: true }, { ...facts, llm }), {
      meta: { own: "1", ...facts.root.meta, llmobs_trace_id: "t", llmobs_parent_id: "9" },
      metrics: { count: 2, process_id: 7 }
    })
  })

  it.each([-1, 0, 1, 2])(
    "writes priority %d, the upper half of the trace id and the language on the first span",
    (priority) => {
      assert.deepStrictEqual(TraceChunk.seal(none, first, { ...facts, priority }), {
        meta: { language: "javascript", "_dd.p.tid": "6a86f1c000000000" },
        metrics: { _sampling_priority_v1: priority }
      })
    }
  )

  it("leaves out the upper half of a trace id of 64 bits", () => {
    const traceId = "0000000000000000aa11bb22cc33dd44"
    assert.notProperty(TraceChunk.seal(none, first, { ...facts, traceId }).meta, "_dd.p.tid")
  })

  it("passes on an upstream's tags, and prefers our own decision to the upstream's", () => {
    const passed = {
      language: "javascript",
      "_dd.p.dm": "-4",
      "_dd.p.usr": "x",
      "_dd.origin": "rum",
      "_dd.parent_id": "00000000000000cc",
      "_dd.propagation_error": "decoding_error",
      "_dd.p.tid": "6a86f1c000000000",
      "baggage.user.id": "u"
    }
    assert.deepStrictEqual(TraceChunk.seal(none, first, { ...facts, upstream }).meta, passed)
    assert.deepStrictEqual(TraceChunk.seal(none, first, { ...facts, upstream, decisionMaker: "-3" }).meta, {
      ...passed,
      "_dd.p.dm": "-3"
    })
  })
})
