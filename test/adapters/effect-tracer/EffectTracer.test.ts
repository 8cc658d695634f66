import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import * as LLMObs from "../../../src/layers/LLMObs.ts"
import * as HostileValue from "../../domain/HostileValue.ts"
import * as Observed from "../../layers/Observed.ts"

const all = Observed.dev({ apm: "all" })

const makeSpan = (options: Partial<Parameters<Tracer.Tracer["span"]>[0]> = {}) =>
  Effect.map(Tracer.Tracer, (tracer) =>
    tracer.span({
      name: "made",
      parent: Option.none(),
      annotations: Context.empty(),
      links: [],
      startTime: 1_000_000_000n,
      kind: "internal",
      root: false,
      sampled: true,
      ...options
    }))

describe("EffectTracer", () => {
  it.live("writes attributes as tags and metrics, events as JSON, links and kinds", () =>
    Effect.gen(function*() {
      const linked = Tracer.externalSpan({ traceId: "1".repeat(32), spanId: "2".repeat(16) })
      yield* Effect.gen(function*() {
        yield* Effect.annotateCurrentSpan({ text: "t", number: 1.5, flag: true, list: [1, { a: 2 }] })
        const span = yield* Effect.currentSpan
        span.event("happened", 5n, { detail: "d" })
      }).pipe(Effect.withSpan("busy", { kind: "consumer", links: [{ span: linked, attributes: { why: "because" } }] }))
      const { agent } = yield* Observed.settle
      const span = Observed.span(agent, "busy")
      assert.strictEqual(span.meta["text"], "t")
      assert.strictEqual(span.metrics["number"], 1.5)
      assert.strictEqual(span.meta["flag"], "true")
      assert.strictEqual(span.meta["list"], "[1,{\"a\":2}]")
      assert.strictEqual(span.meta["span.kind"], "consumer")
      assert.deepStrictEqual(JSON.parse(span.meta["events"]!), [
        { name: "happened", time_unix_nano: 5, attributes: { detail: "d" } }
      ])
      assert.strictEqual(Observed.hex(span.spanLinks[0]!.spanId), "2".repeat(16))
      assert.deepStrictEqual({ ...span.spanLinks[0]!.attributes }, { why: "because" })
    }).pipe(Effect.provide(all)))

  it.live("takes the span fields that attributes name", () =>
    Effect.gen(function*() {
      yield* Effect.void.pipe(Effect.withSpan("plain", {
        attributes: {
          "service.name": "other",
          "resource.name": "R",
          "operation.name": "O",
          "span.type": "db",
          "url.full": "http://a/b?secret=1",
          "url.query": "secret=1",
          "http.response.status_code": 204
        }
      }))
      const { agent } = yield* Observed.settle
      const span = Observed.span(agent, "O")
      assert.deepStrictEqual([span.service, span.resource, span.type], ["other", "R", "db"])
      assert.strictEqual(span.meta["http.url"], "http://a/b")
      assert.strictEqual(span.meta["http.status_code"], "204")
      assert.isFalse(JSON.stringify(span.meta).includes("secret"))
    }).pipe(Effect.provide(all)))

  it.live("survives attributes of any kind without failing the program", () =>
    Effect.gen(function*() {
      const values = HostileValue.each()
      const result = yield* Effect.forEach(values, (value, index) =>
        Effect.succeed(index).pipe(
          Effect.tap(Effect.annotateCurrentSpan("value", value)),
          Effect.tap(Effect.annotateCurrentSpan("__proto__", value)),
          Effect.withSpan(`hostile-${index}`)
        ))
      assert.deepStrictEqual(result, values.map((_, index) => index))
      const { agent } = yield* Observed.settle
      assert.strictEqual(agent.counts().spans, values.length)
      assert.isTrue(agent.requests().every((request) => request.status === 200))
    }).pipe(Effect.provide(all)))

  it.live("ends a span once, and ignores every call after that", () =>
    Effect.gen(function*() {
      const span = yield* makeSpan()
      span.end(3_000_000_000n, Exit.void)
      span.attribute("late", 1)
      span.event("late", 4n)
      span.addLinks([{
        span: Tracer.externalSpan({ traceId: "1".repeat(32), spanId: "2".repeat(16) }),
        attributes: {}
      }])
      span.end(9_000_000_000n, Exit.die("late"))
      const backwards = yield* makeSpan({ name: "backwards" })
      backwards.end(0n, Exit.void)
      const { agent } = yield* Observed.settle
      const made = Observed.span(agent, "made")
      assert.strictEqual(made.duration, 2_000_000_000n)
      assert.strictEqual(made.error, 0)
      assert.deepStrictEqual([made.meta["late"], made.meta["events"], made.spanLinks.length], [undefined, undefined, 0])
      assert.strictEqual(Observed.span(agent, "backwards").duration, 0n)
    }).pipe(Effect.provide(all)))

  it.live("sends the event of an LLM span by itself when its Effect span was ended early", () =>
    Effect.gen(function*() {
      const early = Effect.flatMap(Effect.currentSpan, (span) => Effect.sync(() => span.end(1n, Exit.void)))
      // Before the Agent is known, and after: the APM span has not left, and has.
      for (const name of ["waiting", "gone"]) {
        yield* early.pipe(LLMObs.llm(name))
        const { agent, ledger } = yield* Observed.settle
        assert.strictEqual(Observed.named(agent, name).via, "evp")
        assert.strictEqual(ledger.delivered.intake, ledger.enqueued)
      }
    }).pipe(Effect.provide(Observed.dev())))

  it.live("continues a parent that the program names, with its decision", () =>
    Effect.gen(function*() {
      for (const [sampled, priority] of [[true, 1], [false, 0]] as const) {
        const parent = Tracer.externalSpan({ traceId: "ab".repeat(16), spanId: "cd".repeat(8), sampled })
        yield* Effect.void.pipe(LLMObs.llm(`of-${sampled}`), Effect.withParentSpan(parent))
        const { agent } = yield* Observed.settle
        const span = Observed.span(agent, `of-${sampled}`)
        assert.strictEqual(Observed.hex(span.parentId), "cd".repeat(8))
        assert.strictEqual(span.metrics["_sampling_priority_v1"], priority)
        const received = Observed.named(agent, `of-${sampled}`)
        assert.strictEqual(received.apmTraceId, "ab".repeat(16))
        assert.strictEqual(received.via, sampled ? "trace" : "evp")
      }
    }).pipe(Effect.provide(Observed.dev())))

  it.live("starts a new trace for a parent with invalid ids, and for a new root", () =>
    Effect.gen(function*() {
      yield* Effect.void.pipe(
        LLMObs.llm("odd"),
        Effect.withParentSpan(Tracer.externalSpan({ traceId: "nonsense", spanId: "0" }))
      )
      yield* Effect.void.pipe(Effect.withSpan("new", { root: true }), Effect.withSpan("old"))
      const { agent } = yield* Observed.settle
      assert.strictEqual(Observed.span(agent, "odd").parentId, 0n)
      assert.strictEqual(Observed.span(agent, "new").parentId, 0n)
      assert.notStrictEqual(Observed.span(agent, "new").traceId, Observed.span(agent, "old").traceId)
    }).pipe(Effect.provide(Observed.dev())))

  it.live("shows the sampling decision in `sampled`, and keeps every span all the same", () =>
    Effect.gen(function*() {
      const sampled = yield* Effect.map(Effect.currentSpan, (span) => span.sampled).pipe(
        Effect.tap(Effect.annotateCurrentSpan("kept", "yes")),
        Effect.withSpan("child", { sampled: false }),
        Effect.withSpan("root")
      )
      assert.isTrue(sampled)
      const manual = yield* Effect.andThen(
        Effect.annotateCurrentSpan("manual.drop", true),
        Effect.map(Effect.currentSpan, (span) => span.sampled)
      ).pipe(Effect.withSpan("dropped"))
      assert.isFalse(manual)
      const { agent } = yield* Observed.settle
      assert.strictEqual(Observed.span(agent, "child").meta["kept"], "yes")
      assert.strictEqual(Observed.span(agent, "dropped").metrics["_sampling_priority_v1"], -1)
    }).pipe(Effect.provide(all)))
})
