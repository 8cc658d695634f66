import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as V04 from "../../../src/adapters/agent/V04.ts"
import * as TracePayload from "../../../src/adapters/devagent/TracePayload.ts"
import * as MetaStruct from "../../../src/domain/event/MetaStruct.ts"
import * as WireFormat from "../../../src/domain/event/WireFormat.ts"
import type { ApmSpan } from "../../../src/domain/span/ApmSpan.ts"
import type { SpanRecord } from "../../../src/domain/span/SpanRecord.ts"
import * as HostileValue from "../../domain/HostileValue.ts"
import * as Records from "../../domain/Records.ts"

const format = WireFormat.table["trace-agent"]

/** The spans as the Agent reads them. */
const read = (...spans: ReadonlyArray<readonly [ApmSpan, SpanRecord?]>): TracePayload.Chunk => {
  const chunk = V04.packChunk({ spans: spans.map(([one, rider]) => ({ span: one, rider })) }, format)
  const decoded = TracePayload.decode(V04.payload([chunk]))
  assert.isTrue(decoded.ok, decoded.ok ? "" : decoded.message)
  return decoded.ok ? decoded.chunks[0]! : []
}

describe("V04", () => {
  it("writes ids of 64 bits, times in nanoseconds, and a duration beyond 32 bits exactly", () => {
    const [one] = read([Records.makeApmSpan({
      parentId: "8000000000000001",
      durationNs: 4_294_967_296.4,
      links: [{
        traceId: "f".repeat(32),
        spanId: "00000000000000ff",
        attributes: { a: "1" },
        tracestate: "dd=s:1",
        flags: 1
      }]
    })])
    assert.strictEqual(one!.traceId, 0xaa11bb22cc33dd44n)
    assert.strictEqual(one!.spanId, 0xffffffffffffffffn)
    assert.strictEqual(one!.parentId, 0x8000000000000001n)
    assert.strictEqual(one!.start, 1_787_299_200_123_456_789n)
    assert.strictEqual(one!.duration, 4_294_967_296n)
    assert.strictEqual(one!.spanLinks[0]!.traceIdHigh, 0xffffffffffffffffn)
    assert.strictEqual(one!.spanLinks[0]!.flags, 0x80000001)
  })

  it("writes integers of every size in a struct as integers", () => {
    const numbers = [0, 4_294_967_295, 4_294_967_296, -2_147_483_649, Number.MAX_SAFE_INTEGER, 1e300, 0.5]
    const record = Records.makeRecord({ annotation: { metadata: { numbers, nested: [{ big: 2 ** 40 }] } } })
    const struct = TracePayload.decodeStruct(V04.packStruct(record, format))
    assert.isTrue(struct.ok)
    const metadata = (struct.ok ? struct.value["meta"] as any : {}).metadata
    assert.deepStrictEqual(metadata.numbers, numbers)
    assert.deepStrictEqual(metadata.nested, [{ big: 2 ** 40 }])
  })

  it("leaves out numbers that are not finite, and mends text that is not well formed", () => {
    const [one] = read([Records.makeApmSpan({
      name: "a\ud800b",
      meta: { "k\udfff": "\ud800", ["__proto__"]: "x", plain: "ok" },
      metrics: { nan: Number.NaN, infinite: Infinity, zero: -0, whole: 3 }
    })])
    assert.strictEqual(one!.name, "a\ufffdb")
    assert.deepStrictEqual(one!.meta, { "k\ufffd": "\ufffd", plain: "ok" })
    assert.deepStrictEqual(Object.keys(one!.metrics).sort(), ["whole", "zero"])
  })

  it("writes the number of chunks in one byte, or in five for larger numbers", () => {
    const chunks = (length: number) => [...V04.payload(Array.from({ length }, () => Uint8Array.of(0x90)))]
    assert.deepStrictEqual(chunks(0), [0x90])
    assert.deepStrictEqual(chunks(15), [0x9f, ...Array(15).fill(0x90)])
    assert.deepStrictEqual(chunks(16), [0xdd, 0, 0, 0, 16, ...Array(16).fill(0x90)])
    assert.deepStrictEqual(chunks(70_000).slice(0, 6), [0xdd, 0, 1, 0x11, 0x70, 0x90])
  })

  it("packs every kind of annotation so that the Agent accepts it and the intake can read it", () => {
    for (const value of HostileValue.each()) {
      for (const kind of ["llm", "retrieval", "task", "experiment"] as const) {
        const record = Records.makeRecord({
          context: Records.makeContext({ kind }),
          annotation: { input: value, output: value, metadata: { value } as {}, tags: { value } as {} }
        })
        const [one] = read([Records.makeApmSpan(), record])
        const struct = TracePayload.decodeStruct(one!.metaStruct["_llmobs"]!)
        assert.isTrue(struct.ok, struct.ok ? "" : struct.message)
      }
    }
  })

  it.prop(
    "writes any texts and numbers so that the Agent reads the same values",
    { meta: Schema.Record(Schema.String, Schema.String), metrics: Schema.Record(Schema.String, Schema.Finite) },
    ({ meta, metrics }) => {
      // The Agent keeps both in one map, where the key that is written last stays.
      const own = Object.fromEntries(Object.entries(metrics).map(([key, value]) => [`m.${key}`, value]))
      const [one] = read([Records.makeApmSpan({ meta, metrics: own })])
      for (const [key, value] of Object.entries(meta)) {
        if (key !== "__proto__" && key.isWellFormed() && !key.startsWith("m.")) {
          assert.strictEqual(one!.meta[key], value.toWellFormed())
        }
      }
      for (const [key, value] of Object.entries(own)) {
        if (key.isWellFormed()) assert.strictEqual(one!.metrics[key], value)
      }
    }
  )

  it("renders the meta_struct that the domain defines, whichever encoder is used", () => {
    const record = Records.makeRecord({
      annotation: { input: "hi", metrics: { inputTokens: 3 }, tags: { "a.b": "c" }, sessionId: "s" }
    })
    const struct = TracePayload.decodeStruct(V04.packStruct(record, format))
    assert.deepStrictEqual(
      struct.ok ? struct.value : undefined,
      JSON.parse(JSON.stringify(MetaStruct.render(record, format)))
    )
  })
})
