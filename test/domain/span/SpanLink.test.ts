import { assert, describe, it } from "@effect/vitest"
import * as SpanLink from "../../../src/domain/span/SpanLink.ts"
import * as HostileValue from "../HostileValue.ts"

describe("SpanLink", () => {
  it("reads both spellings of a link, from the output to the input by default", () => {
    const { problems, value } = SpanLink.parse([
      { spanId: "1", traceId: "a" },
      { span_id: "2", trace_id: "b", attributes: { from: "input", to: "output", other: 1 } },
      { spanId: "3", traceId: "c", attributes: { from: "input" } }
    ])
    assert.deepStrictEqual(value, [
      { span_id: "1", trace_id: "a", attributes: { from: "output", to: "input" } },
      { span_id: "2", trace_id: "b", attributes: { from: "input", to: "output" } },
      { span_id: "3", trace_id: "c", attributes: { from: "input", to: "input" } }
    ])
    assert.deepStrictEqual(problems, [])
    assert.strictEqual(SpanLink.parse({ spanId: "1", traceId: "a" }).value?.length, 1)
  })

  it("leaves out bad links and reports the place of the first", () => {
    const { problems, value } = SpanLink.parse([
      { spanId: "1", traceId: "a" },
      { spanId: 1, traceId: "a" },
      { spanId: "1", traceId: "" },
      { spanId: "1", traceId: "a", attributes: { from: 1 } },
      { spanId: "1", traceId: "a", attributes: "x" },
      null
    ])
    assert.strictEqual(value?.length, 1)
    assert.deepStrictEqual(problems.map((p) => [p.code, p.path]), [["invalid_span_links", "spanLinks[1]"]])
    assert.deepStrictEqual(SpanLink.parse("x").problems.map((p) => p.path), ["spanLinks"])
    assert.strictEqual(SpanLink.parse([]).value, undefined)
  })

  it.prop("reads any value without throwing, and bounds its size from above", [HostileValue.arbitrary], ([input]) => {
    for (const given of [input, [{ spanId: "1", traceId: "2", attributes: input }], { spanId: input, traceId: "t" }]) {
      const { bytes, value } = SpanLink.parse(given)
      if (value !== undefined) assert.isAtLeast(bytes, Buffer.byteLength(JSON.stringify(value)))
    }
  }, { arbitrary: { runs: 500 } })
})
