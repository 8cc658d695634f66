import { assert, describe, it } from "@effect/vitest"
import * as B3 from "../../../src/domain/propagation/B3.ts"
import * as Headers from "../../../src/domain/propagation/HeaderLookup.ts"
import { HostileText } from "../HostileText.ts"

const trace = "0000000000000000000000000" + (123456789).toString(16)
const span = "000000003ade68b1"

describe("B3", () => {
  const singles: ReadonlyArray<readonly [string, B3.Extracted | undefined]> = [
    [`${trace}-${span}-1`, { traceId: trace, parentId: span, priority: 1 }],
    [`${trace}-${span}-0-00000000000000ff`, { traceId: trace, parentId: span, priority: 0 }],
    [`${trace}-${span}-d`, { traceId: trace, parentId: span, priority: 2 }],
    [`${trace.slice(16)}-${span}`, { traceId: trace, parentId: span, priority: undefined }],
    ["640cfd8d00000000abcdefab12345678-000000003ade68b1-1", {
      traceId: "640cfd8d00000000abcdefab12345678",
      parentId: span,
      priority: 1
    }],
    ["0-0-1", undefined],
    ["1", undefined],
    ["xyz-1-1", undefined],
    ["", undefined]
  ]
  for (const [b3, expected] of singles) {
    it(`reads the single b3 header: ${JSON.stringify(b3)}`, () => {
      assert.deepStrictEqual(B3.extractSingle(Headers.fromRecord({ b3 })), expected, b3)
    })
  }

  it("reads the x-b3 headers", () => {
    const read = (rest: Record<string, string>) =>
      B3.extractMulti(Headers.fromRecord({ "X-B3-TraceId": trace, "X-B3-SpanId": span, ...rest }))
    assert.deepStrictEqual(read({ "x-b3-sampled": "1" }), { traceId: trace, parentId: span, priority: 1 })
    assert.deepStrictEqual(read({ "x-b3-sampled": "0" }), { traceId: trace, parentId: span, priority: 0 })
    assert.deepStrictEqual(read({ "x-b3-flags": "1" }), { traceId: trace, parentId: span, priority: 2 })
    assert.deepStrictEqual(read({}), { traceId: trace, parentId: span, priority: undefined })
    assert.strictEqual(B3.extractMulti(Headers.fromRecord({ "x-b3-traceid": "0", "x-b3-spanid": "0" })), undefined)
  })

  it("reads back its own headers in both forms", () => {
    for (const traceId of [trace, "640cfd8d00000000abcdefab12345678"]) {
      for (const priority of [undefined, 0, 1, 2]) {
        const expected = { traceId, parentId: span, priority }
        const single = B3.injectSingle(traceId, span, priority)
        const multi = B3.injectMulti(traceId, span, priority)
        assert.deepStrictEqual(B3.extractSingle(Headers.fromRecord(single)), expected)
        assert.deepStrictEqual(B3.extractMulti(Headers.fromRecord(multi)), expected)
      }
    }
    assert.strictEqual(B3.injectSingle(trace, span, -1)["b3"], `00000000075bcd15-${span}-0`)
  })

  it.prop("never throws for hostile headers", [HostileText], ([text]) => {
    for (const read of [B3.extractSingle(() => text), B3.extractMulti(() => text)]) {
      assert.isTrue(read === undefined || /^[0-9a-f]{32}$/.test(read.traceId))
    }
  })
})
