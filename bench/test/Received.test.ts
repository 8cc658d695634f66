import { assert, it } from "@effect/vitest"
import { pack } from "msgpackr/pack"
import * as Received from "../sinks/Received.ts"

const json = (path: string, value: unknown): Received.Body => ({
  path,
  type: "application/json",
  bytes: Buffer.from(JSON.stringify(value))
})

it("counts each event of intake bodies once, and those that came before as duplicates", () => {
  const body = json("/evp_proxy/v2/api/v2/llmobs", [{ spans: [{ span_id: "1" }] }, { spans: [{ span_id: "2" }] }])
  const again = json("/api/v2/llmobs", [{ spans: [{ span_id: "2" }] }, { spans: [{ span_id: "3" }] }])
  const bytes = body.bytes.byteLength + again.bytes.byteLength
  assert.deepStrictEqual(Received.count([body, again]), { unique: 3, duplicates: 1, requests: 2, bytes })
})

it("counts the APM spans that carry an event, and no others", () => {
  const traces = [[{ span_id: 2n ** 63n, meta_struct: { _llmobs: pack({ name: "chat" }) } }, { span_id: 7n }]]
  const body = { path: "/v0.4/traces", type: "application/msgpack", bytes: Buffer.from(pack(traces)) }
  const { duplicates, unique } = Received.count([body, body])
  assert.deepStrictEqual({ duplicates, unique }, { duplicates: 1, unique: 1 })
})

it("knows an event that rode and the same event at the intake as one", () => {
  const traces = [[{ span_id: 9n, meta_struct: { _llmobs: pack({}) } }]]
  const rode = { path: "/v0.4/traces", type: "application/msgpack", bytes: Buffer.from(pack(traces)) }
  const offered = json("/api/v2/llmobs", [{ spans: [{ span_id: "9" }] }])
  assert.strictEqual(Received.count([rode, offered]).duplicates, 1)
})

it("counts spans of OTLP as JSON", () => {
  const spans = [{ spanId: "a" }, { spanId: "b" }]
  const body = json("/v1/traces", { resourceSpans: [{ scopeSpans: [{ spans }, { spans: [{ spanId: "c" }] }] }] })
  assert.strictEqual(Received.count([body]).unique, 3)
})

it("counts spans of OTLP as protobuf among fields of every wire type", () => {
  const field = (number: number, bytes: ReadonlyArray<number>) => [number << 3 | 2, bytes.length, ...bytes]
  const fixed = [5 << 3 | 1, 1, 2, 3, 4, 5, 6, 7, 8, 6 << 3 | 5, 1, 2, 3, 4, 7 << 3, 0x96, 1]
  const span = (id: number) => field(2, [...field(1, [9, 9]), ...fixed, ...field(2, [id, id])])
  const request = field(1, [...field(1, []), ...field(2, [...span(1), ...span(2)])])
  const body = { path: "/v1/traces", type: "application/x-protobuf", bytes: Buffer.from(request) }
  assert.strictEqual(Received.count([body]).unique, 2)
})

it("fails on a body that cannot be read", () => {
  assert.throws(() => Received.count([{ path: "/api/v2/llmobs", type: "application/json", bytes: Buffer.from("[") }]))
})

it("counts no event in a request of another kind", () => {
  assert.strictEqual(Received.count([json("/telemetry", { spans: 1 })]).unique, 0)
})
