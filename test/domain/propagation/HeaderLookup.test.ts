import { assert, describe, it } from "@effect/vitest"
import * as Headers from "../../../src/domain/propagation/HeaderLookup.ts"

describe("HeaderLookup", () => {
  it("finds names in any case and keeps the lines of a repeated one", () => {
    const headers = Headers.fromEntries([["TraceParent", "a"], ["baggage", ["x=1", ""]], ["Baggage", "y=2"]])
    assert.strictEqual(Headers.text(headers, "traceparent"), "a")
    assert.deepStrictEqual(Headers.lines(headers, "baggage"), ["x=1", "y=2"])
    assert.strictEqual(Headers.text(headers, "baggage"), "x=1,y=2")
    assert.strictEqual(Headers.text(headers, "tracestate"), undefined)
  })

  it("takes an empty header for a missing one, and a name of the prototype for any other", () => {
    const headers = Headers.fromRecord({ traceparent: "  ", b3: undefined })
    assert.strictEqual(Headers.text(headers, "traceparent"), undefined)
    assert.strictEqual(Headers.text(headers, "b3"), undefined)
    assert.strictEqual(Headers.text(headers, "constructor"), undefined)
    assert.strictEqual(Headers.text(headers, "__proto__"), undefined)
  })

  it("takes a lookup that answers with something else for a missing header", () => {
    assert.strictEqual(Headers.text((() => 7) as never, "b3"), undefined)
    assert.deepStrictEqual(Headers.lines((() => ["a", 7, null]) as never, "b3"), ["a"])
  })
})
