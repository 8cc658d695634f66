import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import type * as LLMObs from "../../../src/layers/LLMObs.ts"
import * as Observed from "../../layers/Observed.ts"
import * as HttpApp from "./HttpApp.ts"

const traceId = "11112222333344445555666677778888"
const parentId = "aaaabbbbccccdddd"
const traceparent = (flags: "00" | "01") => `00-${traceId}-${parentId}-${flags}`

const run = <A>(
  body: Effect.Effect<A, never, LLMObs.DevAgent | HttpServer.HttpServer>,
  options: Observed.DevOptions = {},
  handler: Effect.Effect<unknown> = HttpApp.chat
) => Effect.provide(Effect.provide(body, HttpApp.serving(handler)), Observed.dev(options))

const serverSpan = (agent: LLMObs.DevAgent["Service"]) => {
  const found = Observed.spans(agent).filter((span) => span.name === "http.server.request")
  assert.strictEqual(found.length, 1)
  return found[0]!
}

describe("the trace of a request", () => {
  it.live("continues a trace from traceparent, with the server span under the caller's span", () =>
    run(Effect.gen(function*() {
      yield* HttpApp.get("/chat/7", { traceparent: traceparent("01"), tracestate: "dd=s:2;o:web;t.dm:-4,other=x" })
      const { agent } = yield* Observed.settle
      const root = serverSpan(agent)
      assert.strictEqual(Observed.hex(root.traceId), traceId.slice(16))
      assert.strictEqual(root.meta["_dd.p.tid"], traceId.slice(0, 16))
      assert.strictEqual(Observed.hex(root.parentId), parentId)
      assert.strictEqual(root.metrics["_sampling_priority_v1"], 2)
      assert.strictEqual(root.meta["_dd.origin"], "web")
      assert.strictEqual(root.meta["_dd.p.dm"], "-4")
      const support = Observed.named(agent, "support")
      assert.strictEqual(support.via, "trace")
      assert.strictEqual(support.apmTraceId, traceId)
      assert.strictEqual(Observed.span(agent, "support").parentId, root.spanId)
      assert.strictEqual(Observed.span(agent, "chat").parentId, Observed.span(agent, "support").spanId)
      assert.strictEqual(support.event["parent_id"], "undefined")
    })))

  it.live("continues a trace from x-datadog-*, which wins over a traceparent of another trace", () =>
    run(Effect.gen(function*() {
      yield* HttpApp.get("/chat/7", {
        "x-datadog-trace-id": "42",
        "x-datadog-parent-id": "43",
        "x-datadog-sampling-priority": "1",
        "x-datadog-tags": "_dd.p.tid=6543210000000000,_dd.p.dm=-1",
        traceparent: traceparent("01")
      })
      const { agent } = yield* Observed.settle
      const root = serverSpan(agent)
      assert.strictEqual(root.traceId, 42n)
      assert.strictEqual(root.parentId, 43n)
      assert.strictEqual(root.meta["_dd.p.tid"], "6543210000000000")
      assert.strictEqual(Observed.named(agent, "chat").apmTraceId, "6543210000000000000000000000002a")
      assert.deepStrictEqual(root.spanLinks.map((link) => Observed.hex(link!.spanId)), [parentId])
    })))

  it.live("starts a trace when the request brings none, or none that is readable", () =>
    run(Effect.gen(function*() {
      yield* HttpApp.get("/chat/7", { traceparent: "00-zz-yy-01", "x-datadog-trace-id": "abc" })
      const { agent } = yield* Observed.settle
      assert.strictEqual(serverSpan(agent).parentId, 0n)
      assert.strictEqual(Observed.named(agent, "chat").apmTraceId.length, 32)
    })))

  const rejecting = [
    { traceparent: traceparent("00") },
    { traceparent: traceparent("00"), tracestate: "dd=s:-1" },
    { "x-datadog-trace-id": "42", "x-datadog-parent-id": "43", "x-datadog-sampling-priority": "0" },
    { "x-datadog-trace-id": "44", "x-datadog-parent-id": "45", "x-datadog-sampling-priority": "-1" }
  ]
  for (const headers of rejecting) {
    it.live(`sends events by themselves when the caller rejected the trace, left as it is: ${JSON.stringify(headers)}`, () =>
      run(Effect.gen(function*() {
        yield* HttpApp.get("/chat/7", headers)
        const { agent } = yield* Observed.settle
        assert.deepStrictEqual(agent.events().map((event) => event.via), ["evp", "evp"])
        const [root, ...llm] = agent.traces()[0]!
        assert.isTrue(root!.metrics["_sampling_priority_v1"]! <= 0)
        assert.strictEqual(llm.length, 2)
        for (const span of llm) {
          assert.strictEqual(span.meta["_dd.llmobs.submitted"], "1")
          assert.deepStrictEqual(span.metaStruct, {})
          assert.strictEqual(
            Observed.named(agent, span.name).spanId,
            span.spanId.toString(),
            "the event names its APM span"
          )
        }
      })))
  }

  it.live("lets events ride a trace that the caller kept, each once", () =>
    run(Effect.gen(function*() {
      for (const priority of ["1", "2"]) {
        yield* HttpApp.get("/chat/7", {
          "x-datadog-trace-id": "42",
          "x-datadog-parent-id": "43",
          "x-datadog-sampling-priority": priority
        })
      }
      const { agent, ledger } = yield* Observed.settle
      assert.deepStrictEqual(agent.events().map((event) => event.via), ["trace", "trace", "trace", "trace"])
      assert.strictEqual(ledger.delivered.agent, 4)
      assert.isTrue(Observed.spans(agent).every((span) => !Object.hasOwn(span.meta, "_dd.llmobs.submitted")))
    })))

  it.live("continues the LLM trace of an upstream service: parent, session and application", () =>
    run(Effect.gen(function*() {
      yield* HttpApp.get("/chat/7", {
        "x-datadog-trace-id": "42",
        "x-datadog-parent-id": "43",
        "x-datadog-sampling-priority": "1",
        "x-datadog-tags": [
          "_dd.p.llmobs_parent_id=99",
          "_dd.p.llmobs_trace_id=0123456789abcdef0123456789abcdef",
          "_dd.p.llmobs_ml_app=front",
          "_dd.p.llmobs_sid=s-up"
        ].join()
      })
      const { agent } = yield* Observed.settle
      const support = Observed.named(agent, "support")
      assert.strictEqual(support.event["parent_id"], "99")
      assert.strictEqual(support.traceId, "0123456789abcdef0123456789abcdef")
      assert.strictEqual(support.event["session_id"], "s-up")
      assert.strictEqual(Observed.named(agent, "chat").event["session_id"], "s-up")
    })))
})

describe("the server span", () => {
  for (const flags of ["01", "00"] as const) {
    it.live(`sets method, route, status and resource on the server span when the caller's flags are ${flags}`, () =>
      run(Effect.gen(function*() {
        yield* HttpApp.get("/chat/7?secret=1", { traceparent: traceparent(flags) })
        const { agent } = yield* Observed.settle
        const root = serverSpan(agent)
        assert.strictEqual(root.type, "web")
        assert.strictEqual(root.meta["span.kind"], "server")
        assert.strictEqual(root.meta["http.method"], "GET")
        assert.strictEqual(root.meta["http.status_code"], "200")
        assert.strictEqual(root.meta["http.route"], "/chat/:id")
        assert.strictEqual(root.resource, "GET /chat/:id")
        assert.isFalse(JSON.stringify(root.meta).includes("secret"), JSON.stringify(root.meta))
      })))

    // The router tells the route to sampled spans only, and no span of the handler is there to see it.
    it.live(`sets them on the server span of a handler without spans, except the route if unsampled: flags ${flags}`, () =>
      run(Effect.gen(function*() {
        yield* HttpApp.get("/silent/7", { traceparent: traceparent(flags) })
        const { agent } = yield* Observed.settle
        const root = serverSpan(agent)
        assert.strictEqual(root.meta["http.status_code"], "200")
        assert.strictEqual(root.resource, flags === "01" ? "GET /silent/:id" : "GET")
      })))

    it.live(`records other status codes and defects on the server span with flags ${flags}`, () =>
      run(Effect.gen(function*() {
        assert.strictEqual(yield* HttpApp.get("/teapot", { traceparent: traceparent(flags) }), 418)
        assert.strictEqual(yield* HttpApp.get("/broken", { traceparent: traceparent(flags) }), 500)
        assert.strictEqual(yield* HttpApp.get("/refused", { traceparent: traceparent(flags) }), 503)
        assert.strictEqual(yield* HttpApp.get("/nowhere", { traceparent: traceparent(flags) }), 404)
        const { agent } = yield* Observed.settle
        const codes = Observed.spans(agent).filter((span) => span.type === "web").map((span) => [
          span.meta["http.status_code"],
          span.error
        ])
        assert.deepStrictEqual(codes, [["418", 0], ["500", 1], ["503", 1], ["404", 0]])
        assert.strictEqual(Observed.named(agent, "breaking").event["status"], "error")
      })))
  }
})

describe("an experiment that a request names", () => {
  const experiment = { baggage: "_ml_obs.experiment_id=e-1,_ml_obs.experiment_run_id=r-2,_ml_obs.experiment_name=n" }

  it.live("puts every span of a request into the experiments scope: event, struct and envelope", () =>
    Effect.gen(function*() {
      for (const apm of ["llm", "off"] as const) {
        yield* run(
          Effect.gen(function*() {
            yield* HttpApp.get("/chat/7", experiment)
            const { agent } = yield* Observed.settle
            for (const name of ["chat", "support"]) {
              const received = Observed.named(agent, name)
              assert.strictEqual(received.via, apm === "llm" ? "trace" : "evp")
              assert.strictEqual(Observed.at(received.event, "_dd.scope"), "experiments")
              assert.strictEqual(
                apm === "llm" ? Observed.at(received.raw, "_dd.scope") : received.raw["_dd.scope"],
                "experiments",
                "the struct, or the envelope"
              )
              const tags = Observed.tagsOf(received)
              assert.deepStrictEqual(
                ["experiment_id", "run_id", "experiment_name"].map((key) => tags.get(key)),
                ["e-1", "r-2", "n"]
              )
            }
          }),
          { apm }
        )
      }
    }))

  const browsers: ReadonlyArray<readonly [string, HttpApp.Headers]> = [
    ["x-datadog-origin", { "x-datadog-origin": "rum", "x-datadog-trace-id": "1", "x-datadog-parent-id": "2" }],
    ["tracestate", { traceparent: traceparent("01"), tracestate: "dd=s:1;o:rum" }],
    ["fetch metadata", { "sec-fetch-site": "cross-site" }],
    ["fetch mode of a browser", { "sec-fetch-mode": "cors", "user-agent": "Mozilla/5.0" }]
  ]

  for (const [how, headers] of browsers) {
    it.live(`ignores a browser's experiment but takes its session; the browser is known by ${how}`, () =>
      run(Effect.gen(function*() {
        yield* HttpApp.get("/chat/7", { ...headers, baggage: `${experiment.baggage},session.id=s-1` })
        const { agent } = yield* Observed.settle
        const received = Observed.named(agent, "chat")
        assert.isUndefined(Observed.at(received.event, "_dd.scope"))
        assert.isFalse(Observed.tagsOf(received).has("experiment_id"))
        assert.strictEqual(received.event["session_id"], "s-1")
      })))
  }

  it.live("can accept experiments from browsers too, or from no caller", () =>
    Effect.gen(function*() {
      for (const [experimentBaggage, scope] of [["accept", "experiments"], ["ignore", undefined]] as const) {
        yield* run(
          Effect.gen(function*() {
            yield* HttpApp.get("/chat/7", {
              ...experiment,
              ...(experimentBaggage === "accept" ? { "sec-fetch-site": "cross-site" } : {})
            })
            const { agent } = yield* Observed.settle
            assert.strictEqual(Observed.at(Observed.named(agent, "chat").event, "_dd.scope"), scope)
          }),
          { experimentBaggage }
        )
      }
    }))

  it.live("ignores a browser's LLM trace headers along with its experiment", () =>
    run(Effect.gen(function*() {
      yield* HttpApp.get("/chat/7", {
        "x-datadog-trace-id": "42",
        "x-datadog-parent-id": "43",
        "x-datadog-origin": "rum",
        "x-datadog-tags": "_dd.p.llmobs_parent_id=99,_dd.p.llmobs_sid=forged,_dd.p.llmobs_ml_app=forged"
      })
      const { agent } = yield* Observed.settle
      const support = Observed.named(agent, "support")
      assert.strictEqual(support.event["parent_id"], "undefined")
      assert.isFalse(Object.hasOwn(support.event, "session_id"))
      assert.strictEqual(Observed.tagsOf(support).get("ml_app"), "shop")
    })))
})

describe("layers", () => {
  const request = Effect.gen(function*() {
    yield* HttpApp.get("/chat/7", { traceparent: traceparent("01"), baggage: "session.id=s-1" })
    return (yield* Observed.settle).agent
  })
  const check = (agent: LLMObs.DevAgent["Service"]) => {
    assert.strictEqual(Observed.named(agent, "chat").event["session_id"], "s-1")
    assert.strictEqual(Observed.named(agent, "chat").apmTraceId, traceId)
    assert.strictEqual(Observed.named(agent, "chat").via, "trace")
    assert.strictEqual(Observed.hex(serverSpan(agent).parentId), parentId)
  }

  it.live("records requests when the layer is provided to the served routes", () =>
    Effect.map(request, check).pipe(
      Effect.provide(
        HttpApp.routes(HttpApp.chat).pipe(
          Layer.provideMerge(Observed.dev()),
          Layer.provideMerge(HttpApp.server)
        )
      )
    ))

  it.live("records requests when the layer is provided after the server", () =>
    Effect.map(request, check).pipe(
      Effect.provide(
        HttpApp.routes(HttpApp.chat).pipe(
          Layer.provideMerge(HttpApp.server),
          Layer.provideMerge(Observed.dev())
        )
      )
    ))

  it.live("records nothing when the layer is merged beside the served routes", () =>
    Effect.map(request, (agent) => assert.deepStrictEqual(agent.events(), [])).pipe(
      Effect.provide(Layer.merge(HttpApp.serving(), Observed.dev()))
    ))

  it.live("keeps no context of the first request in a layer that this request built", () =>
    Effect.gen(function*() {
      const runtime = ManagedRuntime.make(Observed.dev())
      const handler = Effect.flatMap(Effect.orDie(runtime.contextEffect), (context) =>
        Effect.provideContext(HttpApp.chat, context))
      const agent = yield* Effect.gen(function*() {
        yield* HttpApp.get("/chat/1", { baggage: "session.id=first", traceparent: traceparent("01") })
        yield* HttpApp.get("/chat/2", { baggage: "session.id=second", "x-datadog-trace-id": "42" })
        yield* HttpApp.get("/chat/3")
        yield* Effect.promise(() =>
          runtime.runPromise(HttpApp.chat)
        )
        return yield* Effect.promise(() => runtime.runPromise(Effect.map(Observed.settle, (settled) => settled.agent)))
      }).pipe(
        Effect.provide(HttpApp.serving(handler)),
        Effect.ensuring(Effect.promise(() => runtime.dispose()))
      )
      const chats = agent.events().filter((event) => event.event["name"] === "chat")
      assert.deepStrictEqual(chats.map((event) => event.event["session_id"]), ["first", "second", undefined, undefined])
      assert.strictEqual(chats[0]!.apmTraceId, traceId)
      assert.strictEqual(chats[1]!.apmTraceId, "0".repeat(30) + "2a")
      assert.strictEqual(new Set(chats.map((event) => event.apmTraceId)).size, 4)
      // Nothing of a request leaves with what the layer itself sends.
      for (const sent of agent.requests()) {
        for (const name of ["traceparent", "b3", "baggage", "x-datadog-trace-id"]) {
          assert.isFalse(Object.hasOwn(sent.headers, name), name)
        }
      }
    }))
})
