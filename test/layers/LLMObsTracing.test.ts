import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import * as DevAgent from "../../src/adapters/devagent/DevAgent.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Observed from "./Observed.ts"

/** A tracer such as a user could have: it keeps its spans. */
const makeUserTracer = () => {
  const spans: Array<Tracer.NativeSpan> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })
  return { spans, layer: Layer.succeed(Tracer.Tracer, tracer) }
}

const flow = Effect.void.pipe(LLMObs.llm("inner"), Effect.withSpan("plain"), LLMObs.workflow("outer"))

const settled = Effect.andThen(flow, Observed.settle)

describe("LLMObs beside other tracers", () => {
  it.live("defers to a tracer that is already there, and uses its ids", () => {
    const user = makeUserTracer()
    return Effect.gen(function*() {
      const { agent, ledger } = yield* settled
      assert.deepStrictEqual(user.spans.map((span) => span.name), ["outer", "plain", "inner"])
      assert.deepStrictEqual(agent.traces(), [])
      assert.strictEqual(ledger.delivered.intake, 2)
      for (const name of ["outer", "inner"]) {
        const received = Observed.named(agent, name)
        const span = user.spans.find((candidate) => candidate.name === name)!
        assert.strictEqual(received.via, "evp")
        assert.strictEqual(received.spanId, BigInt(`0x${span.spanId}`).toString())
        assert.strictEqual(received.apmTraceId, span.traceId)
      }
      assert.strictEqual(Observed.named(agent, "inner").event["parent_id"], Observed.named(agent, "outer").spanId)
    }).pipe(Effect.provide(Observed.dev()), Effect.provide(user.layer))
  })

  const orders: ReadonlyArray<
    readonly [string, (user: Layer.Layer<never>) => Layer.Layer<LLMObs.DevAgent, DevAgent.DevAgentError>]
  > = [
    ["a tracer provided inside", (user) => Layer.provideMerge(user, Observed.dev())],
    ["a tracer provided outside", (user) => Layer.provide(Observed.dev(), user)],
    ["a tracer provided outside and in the program", (user) => Layer.provideMerge(Observed.dev(), user)],
    ["a tracer merged before", (user) => Layer.merge(user, Observed.dev())],
    ["a tracer merged after", (user) => Layer.merge(Observed.dev(), user)]
  ]

  for (const [name, order] of orders) {
    it.live(`delivers each event once, with ${name}`, () => {
      const user = makeUserTracer()
      return Effect.gen(function*() {
        const { agent } = yield* settled
        assert.deepStrictEqual(Observed.names(agent), ["inner", "outer"])
        const inner = Observed.named(agent, "inner")
        const outer = Observed.named(agent, "outer")
        assert.strictEqual(inner.event["parent_id"], outer.spanId)
        assert.strictEqual(inner.apmTraceId, outer.apmTraceId)
        // Where the user's tracer opened spans, or ours did, the event names one of those.
        const known = [
          ...user.spans.map((span) => BigInt(`0x${span.spanId}`).toString()),
          ...Observed.spans(agent).map((span) => span.spanId.toString())
        ]
        assert.strictEqual(known.includes(inner.spanId) && known.includes(outer.spanId), known.length > 0)
      }).pipe(Effect.provide(order(user.layer)))
    })
  }

  it.live("joins the events of a region that has its own tracer to the trace around it", () => {
    const user = makeUserTracer()
    return Effect.gen(function*() {
      yield* Effect.void.pipe(
        LLMObs.llm("deepest"),
        LLMObs.llm("inside"),
        Effect.provide(user.layer),
        LLMObs.agent("ours")
      )
      const { agent } = yield* Observed.settle
      const ours = Observed.named(agent, "ours")
      const inside = Observed.named(agent, "inside")
      assert.deepStrictEqual(["ours", "inside", "deepest"].map((name) => Observed.named(agent, name).via), [
        "trace",
        "evp",
        "evp"
      ])
      assert.strictEqual(inside.event["parent_id"], ours.spanId)
      assert.strictEqual(inside.traceId, ours.traceId)
      assert.strictEqual(inside.apmTraceId, ours.apmTraceId)
      assert.strictEqual(inside.spanId, BigInt(`0x${user.spans[0]!.spanId}`).toString())
      assert.strictEqual(Observed.named(agent, "deepest").event["parent_id"], inside.spanId)
    }).pipe(Effect.provide(Observed.dev()))
  })

  it.live("records with tracing switched off, under ids of its own", () =>
    Effect.gen(function*() {
      yield* Effect.void.pipe(LLMObs.llm("in"), LLMObs.workflow("out"), Effect.withTracerEnabled(false))
      yield* Effect.void.pipe(LLMObs.llm("off"), Effect.withTracerEnabled(false), LLMObs.workflow("on"))
      const { agent } = yield* Observed.settle
      assert.deepStrictEqual(Observed.spans(agent).map((span) => span.name), ["on"])
      for (const [child, parent] of [["in", "out"], ["off", "on"]] as const) {
        const received = Observed.named(agent, child)
        assert.strictEqual(received.via, "evp")
        assert.match(received.spanId, /^[1-9]\d*$/)
        assert.strictEqual(received.event["parent_id"], Observed.named(agent, parent).spanId)
        assert.strictEqual(received.apmTraceId, Observed.named(agent, parent).apmTraceId)
        assert.match(received.apmTraceId, /^[0-9a-f]{32}$/)
      }
    }).pipe(Effect.provide(Observed.dev())))

  describe("nested layers", () => {
    it.live("gives the inner layer the events of its region alone", () =>
      Effect.gen(function*() {
        const outer = yield* LLMObs.DevAgent
        const inner = yield* DevAgent.make()
        const books = yield* Effect.gen(function*() {
          yield* Effect.void.pipe(LLMObs.llm("inside"))
          yield* LLMObs.flush
          return yield* LLMObs.ledger
        }).pipe(Effect.provide(Observed.layerOf(inner)), LLMObs.workflow("around"))
        assert.strictEqual(books.enqueued, 1)
        assert.strictEqual(books.delivered.agent, 1)
        yield* Effect.void.pipe(LLMObs.llm("after"))
        const { ledger } = yield* Observed.settle
        assert.strictEqual(ledger.enqueued, 2)
        assert.deepStrictEqual(Observed.names(inner), ["inside"])
        assert.deepStrictEqual(Observed.names(outer), ["after", "around"])
        const inside = Observed.named(inner, "inside")
        assert.strictEqual(inside.event["parent_id"], Observed.named(outer, "around").spanId)
        assert.strictEqual(inside.apmTraceId, Observed.named(outer, "around").apmTraceId)
        const carrier = Observed.span(inner, "inside")
        assert.strictEqual(carrier.parentId, Observed.span(outer, "around").spanId)
      }).pipe(Effect.provide(Observed.dev())))
  })
})

describe("the option apm", () => {
  it.live("writes the local root and the LLM spans with apm: llm, each under its nearest exported ancestor", () =>
    Effect.gen(function*() {
      yield* Effect.void.pipe(
        LLMObs.llm("model"),
        Effect.withSpan("deep"),
        Effect.withSpan("step"),
        LLMObs.agent("agent"),
        Effect.withSpan("shallow"),
        Effect.withSpan("root")
      )
      yield* Effect.void.pipe(Effect.withSpan("child"), Effect.withSpan("alone"))
      const { agent } = yield* Observed.settle
      assert.deepStrictEqual(agent.traces().map((spans) => spans.map((span) => span.name)), [
        ["root", "agent", "model"],
        ["alone"]
      ])
      const [root, llmAgent, model] = agent.traces()[0]!
      assert.strictEqual(root!.parentId, 0n)
      assert.strictEqual(llmAgent!.parentId, root!.spanId)
      assert.strictEqual(model!.parentId, llmAgent!.spanId)
      assert.strictEqual(Observed.named(agent, "model").spanId, model!.spanId.toString())
      assert.strictEqual(root!.meta["llmobs_trace_id"], Observed.named(agent, "agent").traceId)
      assert.strictEqual(root!.meta["llmobs_parent_id"], Observed.named(agent, "agent").spanId)
      assert.isFalse(Object.hasOwn(llmAgent!.meta, "llmobs_trace_id"))
      assert.strictEqual(root!.metrics["_sampling_priority_v1"], 1)
      assert.strictEqual(root!.metrics["_dd.top_level"], 1)
    }).pipe(Effect.provide(Observed.dev())))

  it.live("shows the id of the nearest exported ancestor for a span that is not exported with apm: llm", () =>
    Effect.gen(function*() {
      const [shown, current] = yield* Effect.all([
        Effect.currentSpan.pipe(Effect.withSpan("two"), Effect.withSpan("one")),
        LLMObs.currentSpan
      ]).pipe(LLMObs.workflow("root"))
      assert.strictEqual(BigInt(`0x${shown.spanId}`).toString(), Option.getOrThrow(current).spanId)
    }).pipe(Effect.provide(Observed.dev())))

  it.live("writes every span with apm: all, each under its own parent", () =>
    Effect.gen(function*() {
      yield* Effect.annotateCurrentSpan({ "order.items": 3, shop: "north" }).pipe(
        Effect.withSpan("deep"),
        LLMObs.llm("model"),
        Effect.withSpan("step"),
        Effect.withSpan("root")
      )
      const { agent } = yield* Observed.settle
      const chunk = agent.traces()[0]!
      assert.deepStrictEqual(chunk.map((span) => span.name), ["root", "step", "model", "deep"])
      assert.deepStrictEqual(chunk.map((span) => span.parentId), [0n, ...chunk.slice(0, 3).map((span) => span.spanId)])
      assert.strictEqual(chunk[3]!.metrics["order.items"], 3)
      assert.strictEqual(chunk[3]!.meta["shop"], "north")
    }).pipe(Effect.provide(Observed.dev({ apm: "all" }))))

  it.live("writes no APM span with apm: off, and sends every event to the intake by itself", () =>
    Effect.gen(function*() {
      yield* Effect.void.pipe(LLMObs.llm("model"), Effect.withSpan("root"))
      const { agent, ledger } = yield* Observed.settle
      assert.strictEqual(agent.counts().spans, 0)
      assert.strictEqual(agent.requests().filter((request) => request.path.endsWith("/traces")).length, 0)
      assert.strictEqual(Observed.named(agent, "model").via, "evp")
      assert.strictEqual(ledger.delivered.intake, 1)
      assert.strictEqual(Observed.tagsOf(Observed.named(agent, "model")).get("error"), "0")
    }).pipe(Effect.provide(Observed.dev({ apm: "off" }))))
})

describe("LLMObs.layer", () => {
  it("builds asynchronously, so that a program with the layer cannot run synchronously", () => {
    const exit = Effect.runSyncExit(Effect.provide(Effect.void, LLMObs.layer({ agentUrl: "http://127.0.0.1:1" })))
    assert.isTrue(exit._tag === "Failure")
    assert.include(String(exit._tag === "Failure" ? exit.cause : ""), "AsyncFiberError")
  })

  it.live("warns of unreadable options, takes their defaults, and never fails the program", () => {
    const { layer, lines } = Observed.warnings()
    return Effect.gen(function*() {
      const result = yield* Effect.succeed("fine").pipe(LLMObs.llm("model"))
      assert.strictEqual(result, "fine")
      const { agent } = yield* Observed.settle
      assert.deepStrictEqual(Observed.names(agent), ["model"])
      assert.isFalse(lines.some((line) => line.includes("could not start")), lines.join("\n"))
      for (const word of ["site", "sampleRate", "flushInterval", "flushTimeout", "maxBytes", "partialFlushAfter"]) {
        assert.isTrue(
          lines.some((line) => line.toLowerCase().includes(word.toLowerCase())),
          `${word}: ${lines.join("\n")}`
        )
      }
    }).pipe(
      Effect.provide(Observed.dev({
        site: "evil.example",
        sampleRate: 7,
        flushInterval: "soon" as "1 second",
        flushTimeout: -5,
        maxBytes: Number.NaN,
        partialFlushAfter: Infinity,
        partialFlushMinSpans: 0
      })),
      Effect.provide(layer)
    )
  })
})
