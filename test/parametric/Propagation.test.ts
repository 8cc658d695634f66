import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Driver from "../../parametric/Driver.ts"
import * as Observed from "../layers/Observed.ts"

const datadog: Driver.Headers = [
  ["x-datadog-trace-id", "123456789"],
  ["x-datadog-parent-id", "987654321"],
  ["x-datadog-sampling-priority", "2"],
  ["x-datadog-origin", "synthetics"],
  ["x-datadog-tags", "_dd.p.dm=-4,_dd.p.tid=640cfd8d00000000"]
]

const traceId = "640cfd8d00000000abcdefab12345678"

const w3c = (flags: string, tracestate: string): Driver.Headers => [
  ["Traceparent", `00-${traceId}-00f067aa0ba902b7-${flags}`],
  ["tracestate", tracestate]
]

const stateOf = (headers: ReadonlyMap<string, string>): ReadonlyArray<string> =>
  headers.get("tracestate")?.split(",") ?? []

const fieldsOf = (headers: ReadonlyMap<string, string>): ReadonlyMap<string, string> =>
  new Map(
    stateOf(headers)[0]!.slice("dd=".length).split(";").map((field): [string, string] => {
      const colon = field.indexOf(":")
      return [field.slice(0, colon), field.slice(colon + 1)]
    })
  )

const style = (styles: string) => ({ DD_TRACE_PROPAGATION_STYLE: styles })

const only = (driver: Driver.Driver) =>
  Effect.map(driver.spans, (spans) => {
    assert.strictEqual(spans.length, 1)
    return spans[0]!
  })

describe("Datadog's headers", () => {
  it.live("continues a trace of Datadog's headers, and passes on a parent of this service", () =>
    Driver.drive(style("datadog"), (driver) =>
      Effect.gen(function*() {
        const sent = yield* driver.pass(datadog)
        const span = yield* only(driver)
        assert.strictEqual(span.traceId, 123456789n)
        assert.strictEqual(span.parentId, 987654321n)
        assert.strictEqual(span.meta["_dd.origin"], "synthetics")
        assert.strictEqual(span.meta["_dd.p.dm"], "-4")
        assert.strictEqual(span.meta["_dd.p.tid"], "640cfd8d00000000")
        assert.strictEqual(span.metrics["_sampling_priority_v1"], 2)
        assert.deepStrictEqual([...sent].sort(), [
          ["x-datadog-origin", "synthetics"],
          ["x-datadog-parent-id", span.spanId.toString()],
          ["x-datadog-sampling-priority", "2"],
          ["x-datadog-tags", "_dd.p.dm=-4,_dd.p.tid=640cfd8d00000000"],
          ["x-datadog-trace-id", "123456789"]
        ])
      })))

  it.live("starts a new trace for Datadog headers that are not usable", () =>
    Driver.drive({}, (driver) =>
      Effect.gen(function*() {
        const { span_id } = yield* driver.command("/trace/span/extract_headers", {
          http_headers: [["x-datadog-trace-id", "0"], ["x-datadog-parent-id", "0"]]
        })
        assert.isNull(span_id)
        yield* driver.pass([["x-datadog-trace-id", "0"], ["x-datadog-parent-id", "0"], ["x-datadog-origin", "rum"]])
        const span = yield* only(driver)
        assert.strictEqual(span.parentId, 0n)
        assert.notStrictEqual(span.traceId, 0n)
        assert.isFalse(Object.hasOwn(span.meta, "_dd.origin"))
      })))
})

describe("W3C headers", () => {
  it.live("keeps the tracestate members of other vendors in their order, ours in front", () =>
    Driver.drive({}, (driver) =>
      Effect.gen(function*() {
        const sent = yield* driver.pass(w3c("01", "foo=1,dd=s:2;o:rum;t.dm:-4;t.usr.id:12345~,bar=2"))
        const span = yield* only(driver)
        assert.match(sent.get("traceparent")!, new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`))
        assert.deepStrictEqual(stateOf(sent).slice(1), ["foo=1", "bar=2"])
        const fields = fieldsOf(sent)
        assert.strictEqual(fields.get("p"), Observed.hex(span.spanId))
        assert.strictEqual(fields.get("s"), "2")
        assert.strictEqual(fields.get("o"), "rum")
        assert.strictEqual(fields.get("t.dm"), "-4")
        assert.strictEqual(fields.get("t.usr.id"), "12345~")
        assert.strictEqual(span.meta["_dd.p.usr.id"], "12345=")
      })))

  for (
    const [flags, priority, expected] of [["01", "2", 2], ["01", "-1", 1], ["00", "2", 0], ["00", "-1", -1]] as const
  ) {
    it.live(`trusts traceparent's flag over tracestate's priority when they disagree: ${flags} and ${priority}`, () =>
      Driver.drive(style("tracecontext"), (driver) =>
        Effect.gen(function*() {
          const sent = yield* driver.pass(w3c(flags, `dd=s:${priority}`))
          assert.strictEqual((yield* only(driver)).metrics["_sampling_priority_v1"], expected)
          assert.strictEqual(sent.get("traceparent")!.slice(-2), expected > 0 ? "01" : "00")
          assert.strictEqual(fieldsOf(sent).get("s"), String(expected))
        })))
  }

  for (
    const traceparent of [
      `00-${traceId}-0000000000000000-01`,
      `00-00000000000000000000000000000000-00f067aa0ba902b7-01`,
      `ff-${traceId}-00f067aa0ba902b7-01`,
      `00-${traceId}-00f067aa0ba902b7-01-more`,
      `00-${traceId.toUpperCase()}-00f067aa0ba902b7-01`,
      `${traceId}-00f067aa0ba902b7-01`
    ]
  ) {
    it.live(`starts a new trace without the old state for a malformed traceparent: ${traceparent}`, () =>
      Driver.drive({}, (driver) =>
        Effect.gen(function*() {
          const sent = yield* driver.pass([["traceparent", traceparent], ["tracestate", "foo=1"]])
          assert.notInclude(sent.get("traceparent")!, traceId)
          assert.strictEqual(stateOf(sent).length, 1)
        })))
  }

  it.live("accepts a tracestate of several lines, and refuses a repeated traceparent", () =>
    Driver.drive({}, (driver) =>
      Effect.gen(function*() {
        const [parent] = w3c("01", "")
        const sent = yield* driver.pass([parent!, ["tracestate", "foo=1"], ["TraceState", "bar=2,baz=3"]])
        assert.deepStrictEqual(stateOf(sent).slice(1), ["foo=1", "bar=2", "baz=3"])
        const repeated = yield* driver.pass([parent!, parent!])
        assert.notInclude(repeated.get("traceparent")!, traceId)
      })))

  it.live("names the last Datadog span when a hop in between used another tracer", () =>
    Driver.drive({}, (driver) =>
      Effect.gen(function*() {
        yield* driver.pass(w3c("01", "dd=s:1;p:0123456789abcdef"))
        assert.strictEqual((yield* only(driver)).meta["_dd.parent_id"], "0123456789abcdef")
      })))
})

describe("Headers of several styles", () => {
  const both: Driver.Headers = [...datadog.slice(0, 3), ...w3c("01", "dd=s:2;p:000000003ade68b1,foo=1")]

  it.live("trusts headers of several styles in the configured order, and links to the trace it does not continue", () =>
    Driver.drive(style("tracecontext,datadog"), (driver) =>
      Effect.gen(function*() {
        const sent = yield* driver.pass(both)
        const span = yield* only(driver)
        assert.strictEqual(span.traceId, BigInt("0xabcdefab12345678"))
        assert.deepStrictEqual(stateOf(sent).slice(1), ["foo=1"])
        assert.deepStrictEqual(span.spanLinks.map((link) => link?.spanId), [987654321n])
      })))

  it.live("reads the first style alone when the setting says so", () =>
    Driver.drive(
      { ...style("datadog,tracecontext"), DD_TRACE_PROPAGATION_EXTRACT_FIRST: "true" },
      (driver) =>
        Effect.gen(function*() {
          yield* driver.pass(both)
          const span = yield* only(driver)
          assert.strictEqual(span.traceId, 123456789n)
          assert.deepStrictEqual(span.spanLinks, [])
        })
    ))

  it.live("prefers the W3C parent when the styles agree on a trace, and remembers the Datadog one", () =>
    Driver.drive({}, (driver) =>
      Effect.gen(function*() {
        yield* driver.pass([
          ["x-datadog-trace-id", BigInt("0xabcdefab12345678").toString()],
          ["x-datadog-parent-id", "987654321"],
          ["x-datadog-tags", "_dd.p.tid=640cfd8d00000000"],
          ...w3c("01", "")
        ])
        const span = yield* only(driver)
        assert.strictEqual(span.parentId, BigInt("0x00f067aa0ba902b7"))
        assert.strictEqual(span.meta["_dd.parent_id"], "000000003ade68b1")
      })))

  it.live("neither reads nor writes headers with the style NONE", () =>
    Driver.drive(style("NONE"), (driver) =>
      Effect.gen(function*() {
        const sent = yield* driver.pass(both)
        assert.strictEqual(sent.size, 0)
        assert.strictEqual((yield* only(driver)).parentId, 0n)
      })))

  it.live("reads and writes the styles of separate settings", () =>
    Driver.drive(
      { DD_TRACE_PROPAGATION_STYLE_EXTRACT: "Datadog", DD_TRACE_PROPAGATION_STYLE_INJECT: "b3multi" },
      (driver) =>
        Effect.gen(function*() {
          const sent = yield* driver.pass(datadog)
          const span = yield* only(driver)
          assert.deepStrictEqual([...sent].sort(), [
            ["x-b3-flags", "1"],
            ["x-b3-spanid", Observed.hex(span.spanId)],
            ["x-b3-traceid", "640cfd8d00000000000000000" + "75bcd15"]
          ])
        })
    ))
})

describe("the extraction behaviour", () => {
  const headers: Driver.Headers = [...datadog, ["baggage", "k=v"]]

  it.live("starts a new trace with a link and the baggage under the behaviour restart", () =>
    Driver.drive({ DD_TRACE_PROPAGATION_BEHAVIOR_EXTRACT: "restart" }, (driver) =>
      Effect.gen(function*() {
        const sent = yield* driver.pass(headers)
        const span = yield* only(driver)
        assert.notStrictEqual(span.traceId, 123456789n)
        assert.strictEqual(span.parentId, 0n)
        assert.strictEqual(span.metrics["_sampling_priority_v1"], 1)
        assert.deepStrictEqual(span.spanLinks.map((link) => link?.attributes), [{
          reason: "propagation_behavior_extract",
          context_headers: "datadog"
        }])
        assert.strictEqual(sent.get("baggage"), "k=v")
      })))

  it.live("starts a new trace without a link and without baggage under the behaviour ignore", () =>
    Driver.drive({ DD_TRACE_PROPAGATION_BEHAVIOR_EXTRACT: "ignore" }, (driver) =>
      Effect.gen(function*() {
        const sent = yield* driver.pass(headers)
        const span = yield* only(driver)
        assert.strictEqual(span.parentId, 0n)
        assert.deepStrictEqual(span.spanLinks, [])
        assert.isFalse(sent.has("baggage"))
      })))
})

describe("trace ids", () => {
  it.live("makes trace ids of 128 bits, with the seconds of their making in the upper 32", () =>
    Driver.drive(style("datadog"), (driver) =>
      Effect.gen(function*() {
        const sent = yield* driver.inject(yield* driver.start("root"))
        const [, high] = /_dd\.p\.tid=([0-9a-f]{8}0{8})/.exec(sent.get("x-datadog-tags")!)!
        assert.isAbove(Number.parseInt(high!.slice(0, 8), 16), 1_700_000_000)
      })))

  it.live("makes trace ids of 64 bits when configured, and keeps incoming ids of 128", () =>
    Driver.drive({ DD_TRACE_128_BIT_TRACEID_GENERATION_ENABLED: "false" }, (driver) =>
      Effect.gen(function*() {
        const sent = yield* driver.inject(yield* driver.start("root"))
        assert.match(sent.get("traceparent")!, /^00-0{16}[0-9a-f]{16}-/)
        assert.notInclude(sent.get("x-datadog-tags")!, "_dd.p.tid")
        assert.include((yield* driver.pass(w3c("01", ""))).get("traceparent")!, traceId)
      })))
})

describe("b3", () => {
  for (
    const [text, priority, sampled] of [["0", 0, "0"], ["1", 1, "1"], ["d", 2, "d"]] as const
  ) {
    it.live(`reads and writes the sampling decision in the single b3 header: ${text}`, () =>
      Driver.drive(style("b3"), (driver) =>
        Effect.gen(function*() {
          const sent = yield* driver.pass([["b3", `${traceId}-00000000000000ff-${text}`]])
          const span = yield* only(driver)
          assert.strictEqual(span.parentId, 255n)
          assert.strictEqual(span.metrics["_sampling_priority_v1"], priority)
          assert.strictEqual(sent.get("b3"), `${traceId}-${Observed.hex(span.spanId)}-${sampled}`)
        })))
  }
})

describe("Baggage", () => {
  it.live("continues baggage without a trace in a new trace, unchanged", () =>
    Driver.drive({}, (driver) =>
      Effect.gen(function*() {
        const headers: Driver.Headers = [["baggage", "foo=1;meta=x, bar=%20two"]]
        const { span_id } = yield* driver.command("/trace/span/extract_headers", { http_headers: headers })
        assert.isString(span_id)
        const span = yield* driver.start("root", { parent_id: span_id })
        assert.deepStrictEqual((yield* driver.query("/trace/span/get_all_baggage", { span_id: span })).baggage, {
          foo: "1",
          bar: " two"
        })
        assert.strictEqual((yield* driver.inject(span)).get("baggage"), "foo=1;meta=x,bar=%20two")
        yield* driver.command("/trace/span/finish", { span_id: span })
        assert.strictEqual((yield* only(driver)).parentId, 0n)
      })))

  it.live("changes baggage on one span and for its later descendants", () =>
    Driver.drive({}, (driver) =>
      Effect.gen(function*() {
        const { span_id: upstream } = yield* driver.command("/trace/span/extract_headers", {
          http_headers: [...datadog, ["baggage", "a=1,b=2"]]
        })
        const parent = yield* driver.start("parent", { parent_id: upstream })
        const sibling = yield* driver.start("sibling", { parent_id: upstream })
        yield* driver.command("/trace/span/set_baggage", { span_id: parent, key: "c", value: "ä b" })
        yield* driver.command("/trace/span/set_baggage", { span_id: parent, key: "a", value: "9" })
        yield* driver.command("/trace/span/remove_baggage", { span_id: parent, key: "b" })
        const child = yield* driver.start("child", { parent_id: parent })
        assert.strictEqual((yield* driver.inject(child)).get("baggage"), "a=9,c=%C3%A4%20b")
        assert.strictEqual((yield* driver.inject(sibling)).get("baggage"), "a=1,b=2")
        const get = (key: string) => driver.query("/trace/span/get_baggage", { span_id: child, key })
        assert.deepStrictEqual(yield* get("c"), { baggage: "ä b" })
        assert.deepStrictEqual(yield* get("b"), { baggage: null })
        yield* driver.command("/trace/span/remove_all_baggage", { span_id: child })
        assert.deepStrictEqual((yield* driver.query("/trace/span/get_all_baggage", { span_id: child })).baggage, {})
        assert.isFalse((yield* driver.inject(child)).has("baggage"))
        assert.strictEqual((yield* driver.inject(parent)).get("baggage"), "a=9,c=%C3%A4%20b")
      })))

  const sent: Driver.Headers = [...datadog, ["baggage", "user.id=alice,session.id=s,locale=en"]]
  const tags: ReadonlyArray<readonly [string, { readonly [name: string]: string }, ReadonlyArray<string>]> = [
    ["by default those of the user and the session", {}, ["baggage.session.id", "baggage.user.id"]],
    ["those that the setting names", { DD_TRACE_BAGGAGE_TAG_KEYS: "locale,none" }, ["baggage.locale"]],
    ["all", { DD_TRACE_BAGGAGE_TAG_KEYS: "*" }, ["baggage.locale", "baggage.session.id", "baggage.user.id"]],
    ["none, when the setting is empty", { DD_TRACE_BAGGAGE_TAG_KEYS: "" }, []]
  ]
  for (const [which, env, expected] of tags) {
    it.live(`tags the first span with baggage members: ${which}`, () =>
      Driver.drive(env, (driver) =>
        Effect.gen(function*() {
          yield* driver.pass(sent)
          const names = Object.keys((yield* only(driver)).meta).filter((name) => name.startsWith("baggage."))
          assert.deepStrictEqual(names.sort(), expected)
        })))
  }
})

describe("plain spans", () => {
  it.live("writes a plain span's service, resource and type, and takes tags, numbers and links", () =>
    Driver.drive({}, (driver) =>
      Effect.gen(function*() {
        const options = { service: "other", resource: "GET /", type: "web", span_tags: [["k", "v"]] }
        const span = yield* driver.start("op", options)
        yield* driver.command("/trace/span/set_meta", { span_id: span, key: "m", value: "text" })
        yield* driver.command("/trace/span/set_metric", { span_id: span, key: "n", value: 1.5 })
        const { span_id: far } = yield* driver.command("/trace/span/extract_headers", { http_headers: datadog })
        yield* driver.command("/trace/span/add_link", { span_id: span, parent_id: far, attributes: { why: "test" } })
        yield* driver.command("/trace/span/finish", { span_id: span })
        const found = yield* only(driver)
        assert.deepStrictEqual([found.name, found.service, found.resource, found.type], ["op", "other", "GET /", "web"])
        assert.strictEqual(found.meta["k"], "v")
        assert.strictEqual(found.meta["m"], "text")
        assert.strictEqual(found.metrics["n"], 1.5)
        assert.deepStrictEqual(
          found.spanLinks.map((link) => [link?.traceId, link?.spanId, link?.attributes]),
          [[123456789n, 987654321n, { why: "test" }]]
        )
      })))

  it.live("keeps or drops a plain span by hand", () =>
    Driver.drive({}, (driver) =>
      Effect.gen(function*() {
        for (const key of ["manual.keep", "manual.drop"]) {
          const span = yield* driver.start(key)
          yield* driver.command("/trace/span/set_meta", { span_id: span, key, value: "1" })
          assert.strictEqual(
            (yield* driver.inject(span)).get("x-datadog-sampling-priority"),
            key === "manual.keep" ? "2" : "-1"
          )
        }
      })))

  it.live("samples a plain span by its service and its tags at the time of injection", () =>
    Driver.drive({
      DD_TRACE_SAMPLING_RULES: JSON.stringify([
        { service: "other", sample_rate: 0 },
        { tags: { tier: "test" }, sample_rate: 0 }
      ])
    }, (driver) =>
      Effect.gen(function*() {
        const priority = (options: object) =>
          Effect.map(
            Effect.flatMap(driver.start("op", { ...options }), driver.inject),
            (headers) => headers.get("x-datadog-sampling-priority")
          )
        assert.strictEqual(yield* priority({ service: "other" }), "-1")
        assert.strictEqual(yield* priority({ span_tags: [["tier", "test"]] }), "-1")
        assert.strictEqual(yield* priority({}), "1")
      })))
})
