import { assert, describe, it } from "@effect/vitest"
import * as HeaderLookups from "../../../src/domain/propagation/HeaderLookup.ts"
import * as HostileValue from "../HostileValue.ts"

describe("HeaderLookup", () => {
  it("finds header names in any case and keeps the lines of a repeated one", () => {
    const headers = HeaderLookups.fromEntries([["TraceParent", "a"], ["baggage", ["x=1", ""]], ["Baggage", "y=2"]])
    assert.strictEqual(HeaderLookups.text(headers, "traceparent"), "a")
    assert.deepStrictEqual(HeaderLookups.lines(headers, "baggage"), ["x=1", "y=2"])
    assert.strictEqual(HeaderLookups.text(headers, "baggage"), "x=1,y=2")
    assert.strictEqual(HeaderLookups.text(headers, "tracestate"), undefined)
  })

  it("treats an empty header as missing, and a prototype's name like any other", () => {
    const headers = HeaderLookups.fromRecord({ traceparent: "  ", b3: undefined })
    assert.strictEqual(HeaderLookups.text(headers, "traceparent"), undefined)
    assert.strictEqual(HeaderLookups.text(headers, "b3"), undefined)
    assert.strictEqual(HeaderLookups.text(headers, "constructor"), undefined)
    assert.strictEqual(HeaderLookups.text(headers, "__proto__"), undefined)
  })

  it("treats a header as missing when the lookup returns a value that is not text", () => {
    assert.strictEqual(HeaderLookups.text((() => 7) as never, "b3"), undefined)
    assert.deepStrictEqual(HeaderLookups.lines((() => ["a", 7, null]) as never, "b3"), ["a"])
  })

  describe("HeaderLookup.fromUnknown", () => {
    const throwing = {
      get bad(): string {
        throw new Error("no")
      },
      baggage: "a=1"
    }
    let taken = 0
    const endless = function*() {
      yield ["baggage", "a=1"]
      for (taken = 1; taken < 100_000; taken++) yield ["x", "y"]
    }
    const broken = function*() {
      yield ["baggage", "a=1"]
      throw new Error("no")
    }
    const rows: ReadonlyArray<readonly [string, unknown]> = [
      ["a record with what brokers put into one", {
        "x-delivery-count": 1,
        "x-death": [{ count: 1 }],
        redelivered: true,
        at: new Date(0),
        none: null,
        attribute: { DataType: "String", StringValue: "a=2" },
        Baggage: "a=1"
      }],
      ["a list of texts among others", { baggage: ["a=1", 5, null] }],
      ["pairs", [["BAGGAGE", "a=1"], ["x", 1], "text", null, [Symbol("s"), "y"]]],
      ["the headers of the web", new Headers({ baggage: "a=1" })],
      ["a map", new Map([["baggage", "a=1"]])],
      ["a record with a header that throws", throwing],
      ["an iterable without an end", endless()],
      ["an iterable that breaks", broken()]
    ]
    for (const [what, headers] of rows) {
      it(`finds only the header's text in ${what}`, () => {
        const lookup = HeaderLookups.fromUnknown(headers)
        assert.deepStrictEqual(HeaderLookups.lines(lookup, "baggage"), ["a=1"])
        assert.deepStrictEqual(HeaderLookups.lines(lookup, "attribute"), [])
      })
    }

    it("finds no header in values that hold none, without throwing", () => {
      for (const value of [undefined, null, 5, "baggage", ...HostileValue.each()]) {
        assert.deepStrictEqual(HeaderLookups.lines(HeaderLookups.fromUnknown(value), "baggage"), [])
      }
    })

    it("reads headers only up to its bounds", () => {
      const many = HeaderLookups.fromUnknown(Array.from({ length: 2_000 }, (_, i) => [`name-${i}`, "x"]))
      assert.deepStrictEqual([many("name-1023"), many("name-1024")], [["x"], undefined])
      const long = HeaderLookups.fromUnknown({ a: "x".repeat(65_537), b: "y" })
      assert.deepStrictEqual([long("a"), long("b")], [undefined, ["y"]])
      const lines = HeaderLookups.fromUnknown({ a: Array.from({ length: 100 }, () => "x") })
      assert.strictEqual(lines("a")?.length, 64)
      HeaderLookups.fromUnknown(endless())("x")
      assert.isAtMost(taken, 1_024)
    })
  })
})
