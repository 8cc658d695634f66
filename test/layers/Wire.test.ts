import { assert, describe, it } from "@effect/vitest"
import {
  AgentCapabilities,
  Annotation,
  Baggage,
  ExperimentBaggage,
  HeaderLookup,
  Propagation,
  Rescue,
  RetentionSampling,
  RumBaggage,
  SpanContext,
  SpanId,
  SpanRecord,
  Tags,
  TraceChunk,
  TraceId,
  WireFormat
} from "effect-llmobs/core"
import type { ApmSpan, Claim } from "effect-llmobs/core"
import { IntakeBody, V04 } from "effect-llmobs/wire"
import * as TracePayload from "../../src/adapters/devagent/TracePayload.ts"

const libraryVersion = "1.0.0"

const incoming = HeaderLookup.fromRecord({
  "x-datadog-trace-id": "12273280046437317828",
  "x-datadog-parent-id": "255",
  "x-datadog-sampling-priority": "0",
  "x-datadog-tags": "_dd.p.tid=6a86f1c000000000",
  baggage: "session.id=rum-1,_ml_obs.experiment_id=exp-1"
})

/** A tracer that is not ours: it has ids, headers and a span that ended, and nothing of this library but two doors. */
const embed = (priority: number | undefined) => {
  const upstream = Propagation.extract(incoming).value!
  const traceId = upstream.traceId!
  const baggage = Baggage.parseLenient(HeaderLookup.lines(incoming, "baggage")).value
  const spanId = "00000000000000fe"
  const context = SpanContext.resolve({
    kind: "llm",
    name: "chat",
    spanId: SpanId.toDecimal(spanId),
    apmTraceId: traceId,
    newTraceId: TraceId.fromHex("6a86f1c00000000044fb6ce732fd0687")!,
    parent: undefined,
    remote: upstream.llmobs,
    explicit: {},
    context: {},
    process: {},
    traceDefault: undefined,
    labels: { rum: RumBaggage.read(baggage), experiment: ExperimentBaggage.read(baggage) },
    configured: { service: "shop" },
    retention: (id) => RetentionSampling.decide(RetentionSampling.all, BigInt(`0x${TraceId.low64(id)}`))
  })
  const annotation = Annotation.parse("llm", { input: "Where is my parcel?", tags: { team: "ops" } }).value
  const record = SpanRecord.finish({
    context,
    startNs: 1_787_299_200_123_456_789n,
    durationNs: 5_000,
    modelName: "m",
    modelProvider: "p",
    annotation,
    tags: Tags.resolve({
      process: { env: "prod", version: undefined, ddTags: {}, git: {}, libraryVersion },
      service: "shop",
      context,
      annotated: annotation.tags,
      agentVersion: undefined
    }),
    ancestor: undefined,
    error: undefined
  })
  const first = TraceChunk.firstSpanTags({ traceId, priority: priority ?? 0, decisionMaker: undefined, upstream })
  const span: ApmSpan.ApmSpan = {
    traceId,
    spanId,
    parentId: upstream.parentId,
    name: "chat",
    resource: "chat",
    service: "shop",
    type: "",
    startNs: record.startNs,
    durationNs: record.durationNs,
    error: 0,
    meta: first.meta,
    metrics: first.metrics,
    links: []
  }
  const ride = WireFormat.select("apm-agent", "ride")
  const capabilities = AgentCapabilities.parse({ endpoints: ["/v0.4/traces"], span_meta_structs: true }).value!
  const decide = (claim: Claim.Claim) =>
    Rescue.decide({
      llm: true,
      claim,
      record: true,
      mode: "apm-agent",
      canRide: AgentCapabilities.canCarry(capabilities),
      structBytes: V04.packStruct(record, ride).byteLength,
      priority,
      filtered: false
    })
  return { decide, record, ride, span }
}

describe("the wire format in another tracer", () => {
  it("carries an event in a kept trace", () => {
    const { decide, record, ride, span } = embed(1)
    assert.deepStrictEqual(decide("none"), { _tag: "Ride" })
    const decoded = TracePayload.decode(V04.payload([V04.packChunk({ spans: [{ span, rider: record }] }, ride)]))
    assert.isTrue(decoded.ok)
    const [one] = decoded.ok ? decoded.chunks[0]! : []
    assert.strictEqual(one!.traceId, 12273280046437317828n)
    assert.strictEqual(one!.parentId, 255n)
    const struct = TracePayload.decodeStruct(V04.packStruct(record, ride))
    assert.isTrue(struct.ok && struct.value["session_id"] === "rum-1")
  })

  it("offers the event of a dropped trace in an intake body with its experiment and its session", () => {
    const { decide, record } = embed(0)
    assert.deepStrictEqual(decide("none"), { _tag: "Offer", rule: "predicted-drop" })
    assert.deepStrictEqual(decide("outbox"), { _tag: "Scrub", submitted: true })
    const offered = IntakeBody.encode(record, WireFormat.select("apm-agent", "offer"), { libraryVersion })
    const body = JSON.parse(new TextDecoder().decode(IntakeBody.join([offered, offered])))
    assert.lengthOf(body, 2)
    assert.deepStrictEqual(body[0], body[1])
    assert.strictEqual(body[0]["_dd.scope"], "experiments")
    const [event] = body[0].spans
    assert.strictEqual(event.session_id, "rum-1")
    assert.strictEqual(event._dd.apm_trace_id, `6a86f1c000000000${12273280046437317828n.toString(16)}`)
    assert.includeMembers(event.tags, ["team:ops", "session_id:rum-1", "experiment_id:exp-1", "error:0"])
  })

  it("encodes an empty intake body as an empty list", () => {
    assert.strictEqual(new TextDecoder().decode(IntakeBody.join([])), "[]")
  })
})
