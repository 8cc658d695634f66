import { assert, describe, it } from "@effect/vitest"
import * as Headers from "../../../src/domain/propagation/HeaderLookup.ts"
import * as TraceContext from "../../../src/domain/propagation/TraceContext.ts"
import { HostileText } from "../HostileText.ts"

const trace = "12345678901234567890123456789012"
const span = "1234567890123456"
const good = `00-${trace}-${span}-01`

const extract = (traceparent: string, ...tracestate: ReadonlyArray<string>): TraceContext.Extracted => {
  const value =
    TraceContext.extract(Headers.fromEntries([["traceparent", traceparent], ["tracestate", tracestate]])).value
  assert.isDefined(value)
  return value!
}

describe("traceparent", () => {
  const traceparents: ReadonlyArray<readonly [string, boolean]> = [
    [good, true],
    [`00-${trace}-${span}-00`, true],
    [`\t ${good} \t`, true],
    [`cc-${trace}-${span}-01`, true],
    [`cc-${trace}-${span}-01-what-the-future-will-be-like`, true],
    [`cc-${trace}-${span}-01.what`, false],
    [`ff-${trace}-${span}-01`, false],
    [`00-${trace}-${span}-01.`, false],
    [`00-${trace}-${span}-01-x`, false],
    [`.0-${trace}-${span}-01`, false],
    [`0-${trace}-${span}-01`, false],
    [`000-${trace}-${span}-01`, false],
    [`00-${"0".repeat(32)}-${span}-01`, false],
    [`00-${trace}-${"0".repeat(16)}-01`, false],
    [`00-${trace}3-${span}-01`, false],
    [`00-${trace.slice(1)}-${span}-01`, false],
    [`00-${trace}-${span}7-01`, false],
    [`00-${trace}-${span.slice(1)}-01`, false],
    [`00-${trace}-${span}-1`, false],
    [`00-${trace}-${span}-001`, false],
    [`00-${trace}-${span}-0.`, false],
    [`00-ABCDEF78901234567890123456789012-${span}-01`, false],
    ["", false]
  ]
  for (const [text, valid] of traceparents) {
    it(`reads traceparent as the W3C specifies: ${JSON.stringify(text)} is ${valid ? "valid" : "invalid"}`, () => {
      assert.strictEqual(TraceContext.parseTraceparent(text) !== undefined, valid, text)
    })
  }

  it("refuses a repeated traceparent", () => {
    const read = TraceContext.extract(Headers.fromEntries([["traceparent", good], ["traceparent", good]]))
    assert.strictEqual(read.value, undefined)
    assert.deepStrictEqual(read.problems.map((problem) => problem.code), ["invalid_traceparent"])
  })
})

describe("tracestate", () => {
  const states: ReadonlyArray<readonly [string, string | undefined, number | undefined, string | undefined]> = [
    ["01", undefined, 1, undefined],
    ["00", undefined, 0, undefined],
    ["01", "dd=s:-1;t.dm:-4", 1, "-0"],
    ["01", "dd=s:0;t.dm:-0", 1, "-0"],
    ["01", "dd=s:2;t.dm:-4", 2, "-4"],
    ["00", "dd=s:-1;t.dm:-3", -1, "-3"],
    ["00", "dd=s:1;t.dm:-0", 0, undefined],
    ["00", "dd=s:2;t.dm:-4", 0, undefined],
    ["01", "dd=t.dm:-4", 1, "-4"],
    ["01", "dd=s:x", 1, undefined],
    ["00", "dd=s:0;o:rum", 0, undefined],
    ["01", "dd=o:rum", undefined, undefined]
  ]
  for (const [flags, tracestate, priority, dm] of states) {
    it(`makes the sampled flag and the priority in tracestate agree: ${flags} and ${tracestate}`, () => {
      const read = extract(`00-${trace}-${span}-${flags}`, ...(tracestate === undefined ? [] : [tracestate]))
      assert.strictEqual(read.priority, priority, `${flags} ${tracestate}`)
      assert.strictEqual(read.tags.get("_dd.p.dm"), dm, `${flags} ${tracestate}`)
    })
  }

  it("reads every field of dd= and keeps the other members in their order", () => {
    const read = extract(
      good,
      "key1=value1 \t",
      " , dd=s:2;o:synth~x;p:0123456789abcdef;t.dm:-4;t.usr.id:12345~;t.url:http://localhost;t.tid:ffff;junk ",
      "foo=1,foo=2"
    )
    assert.strictEqual(read.origin, "synth=x")
    assert.strictEqual(read.lastParentId, "0123456789abcdef")
    assert.deepStrictEqual([...read.tags], [
      ["_dd.p.dm", "-4"],
      ["_dd.p.usr.id", "12345="],
      ["_dd.p.url", "http://localhost"]
    ])
    assert.deepStrictEqual(read.foreign, ["key1=value1", "foo=1", "foo=2"])
  })

  it("keeps a last parent id that is not a valid id, since it is only a tag", () => {
    assert.strictEqual(extract(good, "dd=s:2;p:XX!X").lastParentId, "XX!X")
  })

  it("drops only the tracestate members that are malformed or above the limits", () => {
    const long = "v=" + "x".repeat(511)
    const read = TraceContext.parseTracestate(`a=1,broken,b=caf\u00e9,${long},c=3`)
    assert.deepStrictEqual(read.value.foreign, ["a=1", "c=3"])
    assert.deepStrictEqual(read.problems.map((problem) => problem.code), ["invalid_tracestate"])
    assert.deepStrictEqual(TraceContext.parseTracestate("k=" + "x".repeat(5_000)).value.foreign, [])
  })

  it("holds 32 tracestate members in both directions, ours first", () => {
    const others = Array.from({ length: 40 }, (_, i) => `key${i}=value${i}`)
    assert.strictEqual(TraceContext.parseTracestate(others.join(",")).value.foreign.length, 31)
    const rendered = TraceContext.renderTracestate({
      lastParentId: span,
      priority: 1,
      origin: undefined,
      tags: [],
      foreign: [...others, "dd=s:2"]
    }).split(",")
    assert.strictEqual(rendered.length, 32)
    assert.strictEqual(rendered[0], `dd=p:${span};s:1`)
    assert.strictEqual(rendered[31], "key30=value30")
  })

  it("escapes tracestate as Datadog's tracers do, and drops a value that must stay exact instead of altering it", () => {
    const rendered = TraceContext.renderTracestate({
      lastParentId: span,
      priority: -1,
      origin: "synthetics~;=web,z",
      tags: [
        { key: "_dd.p.usr.id", value: "baz64==", rank: 4, exact: false },
        { key: "_dd.p.x", value: "a~b;c", rank: 4, exact: false },
        { key: "_dd.p.llmobs_sid", value: "a;b", rank: 8, exact: true },
        { key: "_dd.p.llmobs_ml_app", value: "a=b", rank: 7, exact: true }
      ],
      foreign: []
    })
    assert.strictEqual(
      rendered,
      `dd=p:${span};s:-1;o:synthetics__~web_z;t.usr.id:baz64~~;t.x:a_b_c;t.llmobs_ml_app:a~b`
    )
  })

  it("passes on every legal character of another vendor", () => {
    let value = ""
    for (let code = 0x20; code <= 0x7e; code++) {
      if (code !== 0x2c && code !== 0x3d) value += String.fromCharCode(code)
    }
    const member = `abcdefghijklmnopqrstuvwxyz0123456789_-*/@a-z0-9_-*/=${value}`
    const { foreign } = extract(good, member)
    assert.deepStrictEqual(foreign, [member])
    assert.include(
      TraceContext.renderTracestate({ lastParentId: span, priority: 1, origin: undefined, tags: [], foreign }),
      member
    )
  })

  it.prop(
    "reads hostile tracestate without throwing, and keeps it within the limits",
    [HostileText, HostileText],
    ([a, b]) => {
      const { value } = TraceContext.extract((name) => name === "traceparent" ? good : [a, b])
      const rendered = TraceContext.renderTracestate({
        lastParentId: span,
        priority: value!.priority,
        origin: value!.origin,
        tags: [...value!.tags].map(([key, tag]) => ({ key, value: tag, rank: 4, exact: false })),
        foreign: value!.foreign
      })
      assert.isAtMost(rendered.length, 4_096)
      assert.isAtMost(rendered.split(",").length, 32)
      assert.isAtMost(rendered.split(",")[0]!.length, 256)
      assert.deepStrictEqual(TraceContext.parseTracestate(rendered).value.foreign, value!.foreign)
    }
  )

  it.prop("reads a hostile traceparent without throwing", [HostileText], ([text]) => {
    const { problems, value } = TraceContext.extract((name) => name === "traceparent" ? text : undefined)
    assert.isTrue(value !== undefined || problems.length === 1 || text.trim() === "")
  })
})
