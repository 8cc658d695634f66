import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import * as Headers from "../../../src/domain/propagation/HeaderLookup.ts"
import * as Propagation from "../../../src/domain/propagation/Propagation.ts"
import type { PropagationSettings, PropagationStyle } from "../../../src/domain/propagation/PropagationStyle.ts"
import * as Style from "../../../src/domain/propagation/PropagationStyle.ts"
import { HostileText } from "../HostileText.ts"

const settings = (patch: Partial<PropagationSettings>): PropagationSettings => ({ ...Style.defaults, ...patch })
const styles = (...list: ReadonlyArray<PropagationStyle>) => settings({ stylesExtract: list, stylesInject: list })

const extract = (headers: Record<string, string>, using: PropagationSettings = Style.defaults) =>
  Propagation.extract(Headers.fromRecord(headers), using).value

const w3c = "00-12345678901234567890123456789012-1234567890123456-01"

const both = {
  "x-datadog-trace-id": "1",
  "x-datadog-parent-id": "1",
  "x-datadog-sampling-priority": "2",
  "x-datadog-tags": "_dd.p.tid=1111111111111111,_dd.p.dm=-4",
  traceparent: "00-11111111111111110000000000000001-0000000000000001-01",
  tracestate: "dd=s:2;t.dm:-4,foo=1",
  baggage: "key1=value1"
}

const conflicting = { ...both, "x-datadog-trace-id": "2", "x-datadog-parent-id": "2", traceparent: w3c }

describe("Propagation.extract", () => {
  it("continues the trace on which all headers agree", () => {
    const read = extract(both)!
    assert.strictEqual(read.style, "datadog")
    assert.strictEqual(read.traceId, "11111111111111110000000000000001")
    assert.strictEqual(read.parentId, "0000000000000001")
    assert.strictEqual(read.priority, 2)
    assert.deepStrictEqual([...read.propagationTags], [["_dd.p.dm", "-4"], ["_dd.p.tid", "1111111111111111"]])
    assert.deepStrictEqual(read.tracestate, ["foo=1"])
    assert.deepStrictEqual(read.links, [])
    assert.strictEqual(read.lastParentId, undefined)
    assert.deepStrictEqual([...read.baggage.keys()], ["key1"])
  })

  it("links to the trace of another style", () => {
    const read = extract(conflicting)!
    assert.strictEqual(read.traceId, "11111111111111110000000000000002")
    assert.deepStrictEqual(read.tracestate, [])
    assert.deepStrictEqual(read.links, [{
      traceId: "12345678901234567890123456789012",
      spanId: "1234567890123456",
      attributes: { reason: "terminated_context", context_headers: "tracecontext" },
      flags: 1,
      tracestate: "dd=s:2;t.dm:-4,foo=1"
    }])
    const turned = extract(conflicting, styles("tracecontext", "datadog"))!
    assert.strictEqual(turned.traceId, "12345678901234567890123456789012")
    assert.deepStrictEqual(turned.links.map((link) => link.attributes["context_headers"]), ["datadog"])
    assert.deepStrictEqual(turned.tracestate, ["foo=1"])
  })

  it("restarts with a link, or ignores every header, as the extract behaviour is set", () => {
    const restarted = extract(
      { ...conflicting, "x-datadog-trace-id": "1", "x-datadog-parent-id": "1" },
      settings({
        behaviorExtract: "restart"
      })
    )!
    assert.strictEqual(restarted.traceId, undefined)
    assert.strictEqual(restarted.propagationTags.size, 0)
    assert.deepStrictEqual([...restarted.baggage.keys()], ["key1"])
    assert.deepStrictEqual(restarted.links, [{
      traceId: "11111111111111110000000000000001",
      spanId: "0000000000000001",
      attributes: { reason: "propagation_behavior_extract", context_headers: "datadog" },
      flags: 1
    }])
    const overridden = { ...both, traceparent: "00-11111111111111110000000000000001-1234567890123456-01" }
    assert.strictEqual(
      extract(overridden, settings({ behaviorExtract: "restart" }))!.links[0]!.spanId,
      "1234567890123456"
    )
    assert.strictEqual(extract(both, settings({ behaviorExtract: "ignore" })), undefined)
  })

  it("takes the W3C parent of the same trace, and remembers the last Datadog span", () => {
    const table: ReadonlyArray<readonly [Record<string, string>, string, string | undefined]> = [
      [
        { "x-datadog-parent-id": "987654321", tracestate: "dd=s:2;p:000000003ade68b1,foo=1" },
        "000000003ade68b1",
        undefined
      ],
      [
        { "x-datadog-parent-id": "10", tracestate: "dd=s:2;p:000000000000000b,foo=1" },
        "000000003ade68b1",
        "000000000000000b"
      ],
      [{ "x-datadog-parent-id": "10", tracestate: "dd=s:2,foo=1" }, "000000003ade68b1", "000000000000000a"]
    ]
    for (const [patch, parentId, lastParentId] of table) {
      const headers = { ...both, traceparent: "00-11111111111111110000000000000001-000000003ade68b1-01", ...patch }
      const read = extract(headers)!
      assert.strictEqual(read.parentId, parentId)
      assert.strictEqual(read.lastParentId, lastParentId)
      assert.deepStrictEqual(read.tracestate, ["foo=1"])
      const first = extract(headers, settings({ extractFirst: true }))!
      assert.strictEqual(first.lastParentId, undefined)
      assert.deepStrictEqual(first.tracestate, [])
    }
    const only = extract({ traceparent: w3c, tracestate: "key1=value1,dd=s:2;o:rum;p:0123456789abcdef" })!
    assert.strictEqual(only.lastParentId, "0123456789abcdef")
    assert.strictEqual(only.origin, "rum")
  })

  it("recognises the same trace when an upstream had to drop x-datadog-tags", () => {
    const read = extract({
      "x-datadog-trace-id": "1",
      "x-datadog-parent-id": "7",
      "x-datadog-sampling-priority": "1",
      traceparent: "00-11111111111111110000000000000001-0000000000000007-01",
      tracestate: "dd=s:1;t.llmobs_parent_id:5;t.llmobs_trace_id:6;t.llmobs_sid:s~1"
    })!
    assert.strictEqual(read.traceId, "11111111111111110000000000000001")
    assert.deepStrictEqual(read.links, [])
    assert.strictEqual(read.llmobs!.parentId, "5")
    assert.strictEqual(read.llmobs!.traceId, "6")
    assert.strictEqual(read.llmobs!.sessionId, "s=1")
    assert.deepStrictEqual([...read.propagationTags], [["_dd.p.tid", "1111111111111111"]])
  })

  it("uses the style that is present, and loses only the style of a bad header", () => {
    assert.strictEqual(extract({ traceparent: w3c })!.style, "tracecontext")
    assert.strictEqual(extract({ b3: "1-2-1" }), undefined)
    assert.strictEqual(extract({ b3: "1-2-1" }, styles("b3"))!.traceId, "0".repeat(31) + "1")
    assert.strictEqual(extract({ "x-b3-traceid": "a", "x-b3-spanid": "b" }, styles("b3", "b3multi"))!.style, "b3multi")
    const read = Propagation.extract(Headers.fromRecord({ ...both, traceparent: "junk" }))
    assert.strictEqual(read.value!.traceId, "11111111111111110000000000000001")
    assert.deepStrictEqual(read.problems.map((problem) => problem.code), ["invalid_traceparent"])
    assert.strictEqual(extract({ "x-datadog-trace-id": "0", "x-datadog-origin": "synthetics" }), undefined)
    assert.strictEqual(extract(both, settings({ stylesExtract: [] })), undefined)
    assert.strictEqual(extract({}), undefined)
  })

  it("reads baggage without a trace, and none when its style is off", () => {
    const read = extract({ baggage: "foo=bar" })!
    assert.strictEqual(read.traceId, undefined)
    assert.deepStrictEqual(Propagation.inject({ baggage: read.baggage }), { baggage: "foo=bar" })
    assert.strictEqual(extract({ baggage: "foo=bar" }, styles("datadog")), undefined)
    assert.deepStrictEqual(Propagation.inject({ baggage: read.baggage }, styles("datadog")), {})
    assert.strictEqual(extract({ baggage: "foo=bar,=" }), undefined)
  })

  it("tags the first span with the configured baggage members", () => {
    const baggage = "user.id=doggo,session.id=s,account.id=1,foo=bar,feature*flag=x,serverNode=DF 28"
    const tags = (baggageTagKeys: ReadonlyArray<string>) =>
      Object.fromEntries(extract({ baggage }, settings({ baggageTagKeys }))!.baggageTags)
    assert.deepStrictEqual(Object.fromEntries(extract({ baggage })!.baggageTags), {
      "baggage.user.id": "doggo",
      "baggage.session.id": "s",
      "baggage.account.id": "1"
    })
    assert.deepStrictEqual(tags(["account.id", "", " feature*flag "]), {
      "baggage.account.id": "1",
      "baggage.feature*flag": "x"
    })
    assert.deepStrictEqual(tags([]), {})
    assert.strictEqual(tags(["*"])["baggage.serverNode"], "DF 28")
  })

  it("reads the LLM trace from baggage before tags, and passes none of it on", () => {
    const tags = "_dd.p.llmobs_parent_id=7,_dd.p.llmobs_trace_id=8,_dd.p.llmobs_ml_app=old"
    const baggage = "llmobs.parent_id=11,llmobs.trace_id=12345678901234567890123456789012,llmobs.ml_app=shop,team=ops"
    const headers = { "x-datadog-trace-id": "5", "x-datadog-parent-id": "6", "x-datadog-tags": tags, baggage }
    const wins = extract(headers)
    assert.strictEqual(wins?.llmobs?.parentId, "11")
    // All digits, and yet hexadecimal: baggage holds no decimals.
    assert.strictEqual(wins?.llmobs?.traceId, "12345678901234567890123456789012")
    assert.strictEqual(wins?.llmobs?.mlApp, "shop")
    assert.deepStrictEqual([...wins?.baggage.keys() ?? []], ["team"])
    const alone = extract({ baggage })
    assert.strictEqual(alone?.traceId, undefined)
    assert.strictEqual(alone?.llmobs?.parentId, "11")
    const part = extract({ ...headers, baggage: "llmobs.sid=s-1" })
    assert.strictEqual(part?.llmobs?.parentId, "7")
    assert.strictEqual(part?.llmobs?.sessionId, "s-1")
    const browser = extract({ ...headers, "x-datadog-origin": "rum" })
    assert.strictEqual(browser?.llmobs, undefined)
    assert.deepStrictEqual([...browser?.baggage.keys() ?? []], ["team"])
  })

  it("accepts no LLM trace and no experiment from a browser, and passes none on", () => {
    const headers = {
      "x-datadog-trace-id": "1",
      "x-datadog-parent-id": "2",
      "x-datadog-tags": "_dd.p.llmobs_parent_id=5,_dd.p.llmobs_trace_id=6",
      baggage: "_ml_obs.experiment_id=e,session.id=s"
    }
    const trusted = extract(headers)!
    assert.strictEqual(trusted.llmobs!.parentId, "5")
    assert.deepStrictEqual([...trusted.baggage.keys()], ["_ml_obs.experiment_id", "session.id"])
    const browser = { ...headers, "sec-fetch-site": "cross-site" }
    const read = extract(browser)!
    assert.strictEqual(read.llmobs, undefined)
    assert.deepStrictEqual([...read.baggage.keys()], ["session.id"])
    assert.strictEqual(read.propagationTags.size, 0)
    const accepted = extract(browser, settings({ experimentBaggage: "accept" }))!
    assert.strictEqual(accepted.llmobs!.parentId, "5")
    assert.strictEqual(accepted.baggage.size, 2)
  })

  it.prop(
    "extracts hostile headers without throwing",
    [HostileText, HostileText, Schema.Literals(["traceparent", "x-datadog-trace-id", "b3", "x-b3-traceid", "none"])],
    ([a, b, good]) => {
      const ids: Record<string, string> = { traceparent: w3c, "x-datadog-trace-id": "5", b3: "1-2-1" }
      const read = Propagation.extract(
        (name) => name === good && ids[name] !== undefined ? ids[name] : name === "baggage" ? [a, b] : a,
        styles("datadog", "tracecontext", "b3", "b3multi", "baggage")
      ).value
      if (read?.traceId === undefined) return
      assert.match(read.traceId, /^[0-9a-f]{32}$/)
      const headers = Propagation.inject({ ...read, spanId: "00000000000000aa", traceId: read.traceId })
      assert.isAtMost((headers["x-datadog-tags"] ?? "").length, 512)
      assert.isAtMost((headers["tracestate"] ?? "").length, 4_096)
      assert.isAtMost((headers["baggage"] ?? "").length, 8_192)
      for (const value of Object.values(headers)) assert.match(value, /^[\x20-\x7e\t]+$/)
    }
  )
})

const traceId = "64f0ab12000000001234567890abcdef"
const spanId = "00000000000000ff"
const span: Propagation.Injection = {
  traceId,
  spanId,
  priority: 1,
  propagationTags: new Map([["_dd.p.dm", "-0"]]),
  llmobs: {
    parentId: "12345678901234567890",
    traceId: "6a85c0ce22c5d2eda452e18ae569fd65",
    mlApp: "app-1",
    sessionId: "s-1",
    retention: { sampleRate: "1", samplingDecision: "1" },
    agent: { name: "planner", spanId: "12345678901234567891" }
  }
}
const llmTraceId = "141592653589793238462643383279502884197"
const llm = { ...span.llmobs! }
const tagKeys = (header: string | undefined): ReadonlyArray<string> =>
  (header ?? "").split(",").map((tag) => tag.split("=")[0]!.replace("_dd.p.", ""))

describe("Propagation.inject", () => {
  it("injects the same headers below an LLM span as Datadog's Python SDK", () => {
    assert.deepStrictEqual(Propagation.inject(span), {
      "x-datadog-trace-id": "1311768467294899695",
      "x-datadog-parent-id": "255",
      "x-datadog-sampling-priority": "1",
      "x-datadog-tags": "_dd.p.dm=-0,_dd.p.llmobs_sid=s-1,_dd.p.llmobs_parent_id=12345678901234567890," +
        `_dd.p.llmobs_trace_id=${llmTraceId},_dd.p.llmobs_ml_app=app-1,_dd.p.llmobs_sr=1,_dd.p.llmobs_sd=1,` +
        "_dd.p.llmobs_pagent_span_id=12345678901234567891,_dd.p.llmobs_pagent_name=planner,_dd.p.tid=64f0ab1200000000",
      traceparent: `00-${traceId}-${spanId}-01`,
      tracestate: `dd=p:${spanId};s:1;t.dm:-0;t.llmobs_sid:s-1;t.llmobs_parent_id:12345678901234567890;` +
        `t.llmobs_trace_id:${llmTraceId};t.llmobs_ml_app:app-1;t.llmobs_sr:1;t.llmobs_sd:1;` +
        "t.llmobs_pagent_span_id:12345678901234567891"
    })
  })

  it("repeats the high half of the trace id in tracestate beside Datadog's headers, if there is room", () => {
    const bare = { traceId, spanId, priority: 1 }
    assert.strictEqual(Propagation.inject(bare)["tracestate"], `dd=p:${spanId};s:1;t.tid:64f0ab1200000000`)
    assert.deepStrictEqual(Propagation.inject(bare, Style.withoutApm(Style.defaults)), {
      traceparent: `00-${traceId}-${spanId}-01`,
      tracestate: `dd=p:${spanId};s:1`
    })
  })

  it("writes no LLM key without LLM activity, whatever the tags of the trace say", () => {
    const headers = Propagation.inject({
      traceId: "00000000000000001234567890abcdef",
      spanId,
      priority: -1,
      origin: "synthetics",
      propagationTags: new Map([["_dd.p.llmobs_sid", "x"], ["_dd.p.tid", "ffff"], ["other", "1"], ["_dd.p.a", "b"]]),
      tracestate: ["foo=1", "bar=2"]
    })
    assert.deepStrictEqual(headers, {
      "x-datadog-trace-id": "1311768467294899695",
      "x-datadog-parent-id": "255",
      "x-datadog-sampling-priority": "-1",
      "x-datadog-origin": "synthetics",
      "x-datadog-tags": "_dd.p.a=b",
      traceparent: `00-00000000000000001234567890abcdef-${spanId}-00`,
      tracestate: `dd=p:${spanId};s:-1;o:synthetics;t.a:b,foo=1,bar=2`
    })
  })

  it("drops only the key of a bad value", () => {
    const read = Propagation.injectChecked({ ...span, llmobs: { ...llm, sessionId: "a,b", mlApp: "café" } })
    assert.deepStrictEqual(tagKeys(read.value["x-datadog-tags"]), [
      "dm",
      "llmobs_parent_id",
      "llmobs_trace_id",
      "llmobs_sr",
      "llmobs_sd",
      "llmobs_pagent_span_id",
      "llmobs_pagent_name",
      "tid"
    ])
    assert.strictEqual(read.problems.length, 2)
    const long = Propagation.inject({ ...span, llmobs: { ...llm, mlApp: "m".repeat(600) } })
    assert.notInclude(long["x-datadog-tags"], "ml_app")
    assert.include(long["x-datadog-tags"], "llmobs_sid=s-1")
    assert.include(long["tracestate"], "t.llmobs_sid:s-1")
  })

  it("drops agent name, session, application and sampling in this order, and never parent or trace id", () => {
    const order = ["llmobs_pagent_name", "llmobs_sid", "llmobs_ml_app", "llmobs_sr"]
    let gone = -1
    for (let limit = 512; limit >= 205; limit--) {
      const keys = tagKeys(Propagation.inject(span, settings({ xDatadogTagsMaxLength: limit }))["x-datadog-tags"])
      const missing = order.map((key) => !keys.includes(key))
      assert.deepStrictEqual(missing, [...missing].sort((a, b) => Number(b) - Number(a)), `${limit}`)
      for (const key of ["tid", "dm", "llmobs_parent_id", "llmobs_trace_id"]) assert.include(keys, key)
      const now = missing.lastIndexOf(true)
      assert.isAtLeast(now, gone)
      gone = now
    }
    assert.strictEqual(gone, 3)
  })

  it("sends no tags at the limit 0, and none that a tiny limit cannot hold", () => {
    assert.isUndefined(Propagation.inject(span, settings({ xDatadogTagsMaxLength: 0 }))["x-datadog-tags"])
    assert.deepStrictEqual(
      tagKeys(Propagation.inject(span, settings({ xDatadogTagsMaxLength: 64 }))["x-datadog-tags"]),
      ["dm", "tid"]
    )
  })

  it("drops the tags of other products after ours, the last one first", () => {
    const propagationTags = new Map([["_dd.p.dm", "-0"], ["_dd.p.a", "x".repeat(150)], ["_dd.p.b", "y".repeat(150)]])
    const keys = tagKeys(Propagation.inject({ ...span, propagationTags })["x-datadog-tags"])
    const identity = ["dm", "a", "b", "llmobs_parent_id", "llmobs_trace_id"]
    assert.deepStrictEqual(keys, [...identity, "llmobs_pagent_span_id", "tid"])
    propagationTags.set("_dd.p.c", "z".repeat(150))
    assert.deepStrictEqual(
      tagKeys(Propagation.inject({ ...span, propagationTags })["x-datadog-tags"]),
      [...identity, "tid"]
    )
  })

  it("injects every configured style and no other", () => {
    assert.deepStrictEqual(Propagation.inject({ traceId, spanId, priority: 2 }, styles("b3", "b3multi")), {
      b3: `${traceId}-${spanId}-d`,
      "x-b3-traceid": traceId,
      "x-b3-spanid": spanId,
      "x-b3-flags": "1"
    })
    assert.deepStrictEqual(Propagation.inject(span, styles()), {})
    assert.deepStrictEqual(Propagation.inject({ ...span, traceId: "0".repeat(32) }), {})
    assert.deepStrictEqual(Propagation.inject({ ...span, spanId: "xyz" }), {})
  })

  it("names the last Datadog span when another span is injected", () => {
    const headers = Propagation.inject({ traceId, spanId, lastParentId: "000000000000000a" })
    assert.include(headers["tracestate"], "dd=p:000000000000000a")
    assert.include(Propagation.inject({ traceId, spanId, lastParentId: "XX!X" })["tracestate"], `dd=p:${spanId}`)
  })

  it("makes a fresh header record each time, and leaves its input unchanged", () => {
    const input = { ...span, baggage: new Map([["a", "b"]]), tracestate: ["foo=1"] }
    const before = structuredClone(input)
    const first = Propagation.inject(input)
    first["x-datadog-tags"] = "changed"
    assert.notStrictEqual(Propagation.inject(input)["x-datadog-tags"], "changed")
    assert.deepStrictEqual(input, before)
  })

  const Text = Schema.Literals(["a", "a b", "a=b", "x".repeat(12)])
  const Ids = Arbitrary.map(Arbitrary.schema(Schema.BigInt), (n) => {
    const id = BigInt.asUintN(128, n) | 1n
    return id.toString(16).padStart(32, "0")
  })

  it.prop(
    "injects a context that extract reads back, by both carriers and by each alone",
    [Ids, Schema.Literals([-1, 0, 1, 2]), Text, Text, Arbitrary.array(Arbitrary.schema(Text))],
    ([id, priority, mlApp, sessionId, others]) => {
      const input = {
        traceId: id,
        spanId: id.slice(16),
        priority,
        origin: "lambda",
        propagationTags: new Map([["_dd.p.dm", "-3"]]),
        tracestate: others.slice(0, 31).map((text, i) => `v${i}=${text.replaceAll("=", "-").trim()}`),
        baggage: new Map(others.slice(0, 64).map((text, i) => [`k${i}`, text])),
        llmobs: { parentId: "7", traceId: "6a85c0ce22c5d2eda452e18ae569fd65", mlApp, sessionId }
      }
      const carriers: ReadonlyArray<ReadonlyArray<PropagationStyle>> = [
        ["datadog", "tracecontext", "baggage"],
        ["datadog"],
        ["tracecontext"]
      ]
      for (const list of carriers) {
        const headers = Propagation.inject(input, styles(...list))
        const { problems, value } = Propagation.extract(Headers.fromRecord(headers), styles(...list))
        assert.deepStrictEqual(problems, [])
        assert.strictEqual(value!.traceId, id)
        assert.strictEqual(value!.parentId, input.spanId)
        assert.strictEqual(value!.priority, priority)
        assert.strictEqual(value!.origin, "lambda")
        assert.strictEqual(value!.propagationTags.get("_dd.p.dm"), "-3")
        assert.deepStrictEqual(value!.tracestate, list.includes("tracecontext") ? input.tracestate : [])
        assert.deepStrictEqual(value!.llmobs, { ...input.llmobs, retention: undefined, agent: undefined })
        assert.deepStrictEqual(
          [...value!.baggage].map(([key, item]) => [key, item.value]),
          list.includes("baggage") ? [...input.baggage] : []
        )
      }
    }
  )
})
