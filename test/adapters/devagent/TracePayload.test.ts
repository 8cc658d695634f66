import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import { Packr } from "msgpackr/pack"
import * as TracePayload from "../../../src/adapters/devagent/TracePayload.ts"
import * as Wire from "./WireBytes.ts"

const chunksOf = (bytes: Uint8Array): ReadonlyArray<TracePayload.Chunk> => {
  const result = TracePayload.decode(bytes)
  assert.isTrue(result.ok, result.ok ? "" : result.message)
  return result.ok ? result.chunks : []
}

const spanOf = (...fields: ReadonlyArray<Wire.Field>): TracePayload.DecodedSpan =>
  chunksOf(Wire.payload(Wire.span(...fields)))[0]![0]!

const messageOf = (bytes: Uint8Array): string => {
  const result = TracePayload.decode(bytes)
  return result.ok ? "it was accepted" : result.message
}

const event = (...fields: ReadonlyArray<readonly [string, Uint8Array]>): Uint8Array => Wire.array(Wire.map(...fields))

describe("TracePayload", () => {
  it("decodes every field of a span", () => {
    const span = spanOf(
      ["service", Wire.str("shop")],
      ["name", Wire.str("chat")],
      ["resource", Wire.str("POST /chat")],
      ["type", Wire.str("llm")],
      ["parent_id", Wire.uint64(18446744073709551615n)],
      ["start", Wire.int64(1790000000123456789n)],
      ["duration", Wire.int64(5n)],
      ["error", Wire.raw(1)],
      ["meta", Wire.map(["k", Wire.str("v")])],
      ["metrics", Wire.map(["float", Wire.float64(1.5)], ["uint", Wire.raw(2)], ["int", Wire.raw(0xff)])],
      ["meta_struct", Wire.map(["_llmobs", Wire.bin(Wire.raw(0x80))])],
      [
        "span_links",
        Wire.array(Wire.map(
          ["trace_id", Wire.uint64(1n)],
          ["trace_id_high", Wire.uint64(2n)],
          ["span_id", Wire.uint64(3n)],
          ["attributes", Wire.map(["a", Wire.str("b")])],
          ["tracestate", Wire.str("dd=s:1")],
          ["flags", Wire.raw(0xce, 0x80, 0, 0, 1)]
        ))
      ],
      [
        "span_events",
        event(
          ["time_unix_nano", Wire.uint64(4n)],
          ["name", Wire.str("e")],
          [
            "attributes",
            Wire.map(
              ["s", Wire.map(["type", Wire.raw(0)], ["string_value", Wire.str("x")])],
              ["b", Wire.map(["type", Wire.raw(1)], ["bool_value", Wire.raw(0xc3)])],
              ["i", Wire.map(["type", Wire.raw(2)], ["int_value", Wire.int64(-6n)])],
              ["d", Wire.map(["type", Wire.raw(3)], ["double_value", Wire.float64(0.5)])],
              [
                "l",
                Wire.map(
                  ["type", Wire.raw(4)],
                  [
                    "array_value",
                    Wire.map([
                      "values",
                      Wire.array(Wire.map(["type", Wire.raw(2)], ["int_value", Wire.raw(1)]))
                    ])
                  ]
                )
              ],
              ["n", Wire.nil]
            )
          ]
        )
      ]
    )
    assert.deepStrictEqual(span, {
      service: "shop",
      name: "chat",
      resource: "POST /chat",
      type: "llm",
      traceId: 7n,
      spanId: 9n,
      parentId: 18446744073709551615n,
      start: 1790000000123456789n,
      duration: 5n,
      error: 1,
      meta: { k: "v" },
      metrics: { float: 1.5, uint: 2, int: -1 },
      metaStruct: { _llmobs: Wire.raw(0x80) },
      spanLinks: [{
        traceId: 1n,
        traceIdHigh: 2n,
        spanId: 3n,
        attributes: { a: "b" },
        tracestate: "dd=s:1",
        flags: 2147483649
      }],
      spanEvents: [{
        timeUnixNano: 4n,
        name: "e",
        attributes: { s: "x", b: true, i: -6n, d: 0.5, l: [1n], n: null }
      }]
    })
  })

  const good = Wire.array(Wire.span())
  const wrongTypes: ReadonlyArray<readonly [string, Uint8Array, string]> = [
    ["meta_struct", Wire.map(["_llmobs", Wire.str("x")]), "_llmobs: str where bin is wanted"],
    ["meta_struct", Wire.map(["_llmobs", Wire.nil]), "_llmobs: nil where bin is wanted"],
    ["meta_struct", Wire.map(["_llmobs", Wire.map()]), "_llmobs: map where bin is wanted"],
    ["meta_struct", Wire.nil, "nil where map is wanted"],
    ["span_links", Wire.nil, "nil where array is wanted"],
    ["span_events", Wire.nil, "nil where array is wanted"],
    ["metrics", Wire.map(["cost", Wire.float32(1)]), "cost: float32 where float64 is wanted"],
    ["metrics", Wire.map(["cost", Wire.str("1")]), "cost: str where float64 is wanted"],
    ["metrics", Wire.map(["cost", Wire.raw(0xc3)]), "cost: bool where float64 is wanted"],
    ["meta", Wire.map(["count", Wire.raw(1)]), "count: uint where str is wanted"],
    ["meta", Wire.map(["flag", Wire.raw(0xc3)]), "flag: bool where str is wanted"],
    ["meta", Wire.map([Wire.raw(1), Wire.str("v")]), "key: uint where str is wanted"],
    ["meta", Wire.array(), "array where map is wanted"],
    ["trace_id", Wire.float64(1), "float64 where int is wanted"],
    ["span_id", Wire.str("9"), "str where int is wanted"],
    ["parent_id", Wire.float32(1), "float32 where int is wanted"],
    ["start", Wire.float64(1.79e18), "float64 where int is wanted"],
    ["start", Wire.uint64(9223372036854775808n), "the integer overflows int64"],
    ["duration", Wire.str("5"), "str where int is wanted"],
    ["error", Wire.raw(0xc3), "bool where int is wanted"],
    ["error", Wire.uint64(2147483648n), "the integer overflows int32"],
    ["service", Wire.raw(1), "uint where str is wanted"],
    ["type", Wire.raw(0xd4, 0, 0), "ext where str is wanted"],
    ["span_links", Wire.array(Wire.map(["flags", Wire.int64(-1n)])), "link 0: flags: the integer overflows uint32"],
    [
      "span_links",
      Wire.array(Wire.map(["trace_id_high", Wire.nil])),
      "link 0: trace_id_high: nil where uint is wanted"
    ],
    [
      "span_events",
      event(["attributes", Wire.map(["a", Wire.str("plain")])]),
      "event 0: attributes: a: str where map is wanted"
    ]
  ]
  for (const [field, value, message] of wrongTypes) {
    it(`refuses the whole request over one wrong type, and names the place: ${field}: ${message}`, () => {
      const bytes = Wire.array(good, Wire.array(Wire.span(), Wire.span([field, value])))
      assert.strictEqual(messageOf(bytes), `chunk 1: span 1: ${field}: ${message}`)
    })
  }

  it("names the place of a wrong type outside a span's fields", () => {
    assert.strictEqual(messageOf(Wire.map()), "map where array is wanted")
    assert.strictEqual(messageOf(Wire.array(Wire.map())), "chunk 0: map where array is wanted")
    assert.strictEqual(messageOf(Wire.payload(Wire.array())), "chunk 0: span 0: array where map is wanted")
    assert.strictEqual(
      messageOf(Wire.payload(Wire.map([Wire.nil, Wire.nil]))),
      "chunk 0: span 0: nil where a str key is wanted"
    )
    assert.strictEqual(messageOf(Wire.raw()), "unexpected end of input at byte 0")
  })

  it("accepts the same leniencies as the Agent: nil, bin as text, signed integers, unknown keys, trailing bytes", () => {
    const lenient = Wire.payload(Wire.map(
      ["service", Wire.nil],
      ["name", Wire.bin(new TextEncoder().encode("chat"))],
      ["trace_id", Wire.int64(-1n)],
      ["span_id", Wire.raw(0xd0, 5)],
      ["parent_id", Wire.nil],
      ["start", Wire.uint64(6n)],
      ["duration", Wire.nil],
      ["error", Wire.nil],
      ["meta", Wire.nil],
      ["metrics", Wire.nil],
      ["future", Wire.array(Wire.map(["a", Wire.raw(0xd4, 1, 1)]))],
      [Wire.bin(new TextEncoder().encode("resource")), Wire.str("r")],
      ["span_links", Wire.array(Wire.nil, Wire.map(["trace_id", Wire.nil], ["other", Wire.nil]))]
    ))
    const span = chunksOf(Wire.join(lenient, Wire.raw(0xc1)))[0]![0]!
    assert.strictEqual(span.service, "")
    assert.strictEqual(span.name, "chat")
    assert.strictEqual(span.resource, "r")
    assert.strictEqual(span.traceId, 18446744073709551615n)
    assert.strictEqual(span.spanId, 5n)
    assert.strictEqual(span.parentId, 0n)
    assert.strictEqual(span.start, 6n)
    assert.deepStrictEqual(span.meta, {})
    assert.isNull(span.spanLinks[0])
    assert.strictEqual(span.spanLinks[1]?.traceId, 0n)
    assert.deepStrictEqual(chunksOf(Wire.array()), [])
  })

  it("lets meta and meta_struct overwrite one another, as they share one map in the Agent", () => {
    const struct = ["meta_struct", Wire.map(["_llmobs", Wire.bin(Wire.raw(0x80))])] as const
    const meta = ["meta", Wire.map(["_llmobs", Wire.str("x")])] as const
    assert.deepStrictEqual(spanOf(struct, meta).metaStruct, {})
    assert.deepStrictEqual(spanOf(struct, meta).meta, { _llmobs: "x" })
    assert.deepStrictEqual(spanOf(meta, struct).metaStruct, { _llmobs: Wire.raw(0x80) })
    assert.deepStrictEqual(spanOf(meta, struct).meta, {})
  })

  it("takes a struct entry of more than 10 MiB", () => {
    const size = 10 * 1024 * 1024 + 1
    const large = new Uint8Array(size + 5)
    large.set([0xc6, size >>> 24, (size >>> 16) & 0xff, (size >>> 8) & 0xff, size & 0xff])
    const head = Wire.join(
      Wire.raw(0x91, 0x91, 0x82),
      Wire.str("span_id"),
      Wire.raw(9),
      Wire.str("meta_struct"),
      Wire.raw(0x81),
      Wire.str("_llmobs")
    )
    const bytes = new Uint8Array(head.length + large.length)
    bytes.set(head)
    bytes.set(large, head.length)
    assert.strictEqual(chunksOf(bytes)[0]![0]!.metaStruct["_llmobs"]?.length, size)
  })

  it("treats prototype names as ordinary keys", () => {
    const span = spanOf(["meta", Wire.map(["__proto__", Wire.str("p")], ["constructor", Wire.str("c")])])
    assert.deepStrictEqual(Object.entries(span.meta), [["__proto__", "p"], ["constructor", "c"]])
  })

  it("drops an empty chunk and one with a span id of zero, and lets a trace id of zero through", () => {
    const reasonOf = (chunk: TracePayload.Chunk): string => {
      const result = TracePayload.normalise(chunk)
      return result.ok ? "let through" : result.reason
    }
    const [empty, zeroSpan, zeroTrace] = chunksOf(Wire.array(
      Wire.array(),
      Wire.array(Wire.span(), Wire.span(["span_id", Wire.raw(0)])),
      Wire.array(Wire.span(["trace_id", Wire.raw(0)]))
    ))
    assert.strictEqual(reasonOf(empty!), "empty_chunk")
    assert.strictEqual(reasonOf(zeroSpan!), "zero_span_id")
    assert.strictEqual(reasonOf(zeroTrace!), "let through")
  })

  it("folds a chunk under the first trace id and the upper half that any span carries", () => {
    const [chunk] = chunksOf(Wire.payload(
      Wire.span(["name", Wire.str("n")], ["meta", Wire.map(["_dd.p.tid", Wire.str("not hex")])]),
      Wire.span(
        ["trace_id", Wire.raw(8)],
        ["duration", Wire.int64(-1n)],
        ["resource", Wire.str("r")],
        ["meta", Wire.map(["_dd.p.tid", Wire.str("66aa000000000000")])]
      )
    ))
    const result = TracePayload.normalise(chunk!)
    assert.isTrue(result.ok)
    if (result.ok) {
      assert.strictEqual(result.chunk.traceIdLow, 7n)
      assert.strictEqual(result.chunk.traceIdHigh, 0x66aa000000000000n)
      assert.deepStrictEqual(result.chunk.spans.map((span) => span.traceId), [7n, 7n])
      assert.deepStrictEqual(result.chunk.spans.map((span) => span.resource), ["n", "r"])
      assert.strictEqual(result.chunk.spans[1]!.duration, 0n)
    }
  })

  it("decodes the inner bytes of a struct, or reports why it cannot", () => {
    assert.deepStrictEqual(TracePayload.decodeStruct(Wire.map(["start", Wire.uint64(1790000000123456789n)])), {
      ok: true,
      value: { start: 1790000000123456789n }
    })
    assert.deepStrictEqual(TracePayload.decodeStruct(Wire.array()), {
      ok: false,
      message: "array where map is wanted"
    })
    assert.isFalse(TracePayload.decodeStruct(Wire.raw()).ok)
  })

  const packr = new Packr({ useRecords: false, variableMapSize: true })
  const text = Arbitrary.map(Arbitrary.schema(Schema.String), (value) => value.toWellFormed())
  const pairs = <A>(value: Arbitrary.Arbitrary<A>): Arbitrary.Arbitrary<Record<string, A>> =>
    Arbitrary.map(
      Arbitrary.array(Arbitrary.all({ key: text, value })),
      (entries) => Object.fromEntries(entries.map((entry) => [entry.key, entry.value]))
    )

  // The three maps share one in the Agent, so equal keys would overwrite one another.
  const prefixed = <A>(prefix: string, values: Readonly<Record<string, A>>): Record<string, A> =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [prefix + key, value]))

  it.prop(
    "reads back the spans that msgpackr packed",
    {
      texts: pairs(text),
      numbers: pairs(Arbitrary.map(Arbitrary.schema(Schema.Finite), (value) => value + 0)),
      struct: pairs(text),
      id: Schema.BigInt,
      name: text
    },
    ({ id, name, numbers, struct, texts }) => {
      const traceId = BigInt.asUintN(64, id)
      const start = BigInt.asUintN(63, id)
      const meta = prefixed("meta.", texts)
      const metrics = prefixed("metrics.", numbers)
      const bytes = packr.pack([[{
        trace_id: traceId,
        span_id: traceId,
        parent_id: 0n,
        name,
        start,
        duration: 1n,
        error: 0,
        meta,
        metrics,
        meta_struct: { _llmobs: packr.pack({ meta: struct }) }
      }]])
      const span = chunksOf(bytes)[0]![0]!
      assert.strictEqual(span.traceId, traceId)
      assert.strictEqual(span.start, start)
      assert.strictEqual(span.name, name)
      assert.deepStrictEqual(span.meta, meta)
      assert.deepStrictEqual(span.metrics, metrics)
      assert.deepStrictEqual(TracePayload.decodeStruct(span.metaStruct["_llmobs"]!), {
        ok: true,
        value: { meta: struct }
      })
    }
  )

  it.prop(
    "answers to any bytes without throwing",
    { noise: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 }))), at: Schema.Int },
    ({ at, noise }) => {
      const good = Wire.payload(Wire.span(
        ["meta", Wire.map(["k", Wire.str("v")])],
        ["span_events", Wire.array(Wire.map(["name", Wire.str("e")]))]
      ))
      good.set(noise.slice(0, 3), Math.abs(at) % (good.length - 3))
      for (const bytes of [new Uint8Array(noise), good]) {
        const result = TracePayload.decode(bytes)
        assert.isTrue(result.ok || result.message.length > 0)
      }
    },
    { arbitrary: { runs: 500 } }
  )
})
