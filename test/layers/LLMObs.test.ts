import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Tracer from "effect/Tracer"
import * as SpanKinds from "../../src/domain/span/SpanKind.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Observed from "./Observed.ts"

const { agent, embedding, experiment, llm, retrieval, task, tool, workflow } = LLMObs
const spanFunctions: { readonly [K in SpanKinds.SpanKind]: LLMObs.SpanFunction } = {
  agent,
  embedding,
  experiment,
  llm,
  retrieval,
  task,
  tool,
  workflow
}

class Refused extends Data.TaggedError("Refused")<{ readonly message: string }> {}

describe("LLMObs", () => {
  describe("a recorded effect", () => {
    it.effect("records an effect as an event of its kind, with its annotations and its duration", () =>
      Effect.gen(function*() {
        const answer = yield* Effect.gen(function*() {
          yield* LLMObs.annotateCurrentSpan({ metadata: { temperature: 0.2 }, tags: { team: "ops" } })
          yield* TestClock.adjust("3 seconds")
          yield* LLMObs.annotateCurrentSpan({ metadata: { seed: 7 }, metrics: { inputTokens: 12, output_tokens: 30 } })
          return { role: "assistant", content: "Tomorrow." }
        }).pipe(
          LLMObs.llm("chat", {
            model: "gpt-5",
            provider: "OpenAI",
            input: "Where is my parcel?",
            output: (reply) => reply
          })
        )
        assert.strictEqual(answer.content, "Tomorrow.")
        const { agent } = yield* Observed.settle
        const { event } = Observed.named(agent, "chat")
        assert.strictEqual(Observed.at(event, "meta.span.kind"), "llm")
        assert.strictEqual(Observed.at(event, "meta.model_name"), "gpt-5")
        assert.strictEqual(Observed.at(event, "meta.model_provider"), "openai")
        assert.deepStrictEqual(Observed.at(event, "meta.input.messages"), [{
          role: "user",
          content: "Where is my parcel?"
        }])
        assert.deepStrictEqual(Observed.at(event, "meta.output.messages"), [{
          role: "assistant",
          content: "Tomorrow."
        }])
        assert.deepStrictEqual(Observed.at(event, "meta.metadata"), { temperature: 0.2, seed: 7 })
        assert.deepStrictEqual(event["metrics"], { input_tokens: 12, output_tokens: 30 })
        assert.strictEqual(Observed.tagsOf(Observed.named(agent, "chat")).get("team"), "ops")
        assert.strictEqual(event["status"], "ok")
        assert.strictEqual(event["duration"], 3_000_000_000)
        assert.strictEqual(event["start_ns"], 0)
      }).pipe(Effect.provide(Observed.dev())))

    it.live("gives each span the kind of its function", () =>
      Effect.gen(function*() {
        for (const kind of SpanKinds.all) yield* Effect.void.pipe(spanFunctions[kind](`a-${kind}`))
        const { agent } = yield* Observed.settle
        for (const kind of SpanKinds.all) {
          assert.strictEqual(
            Observed.at(Observed.named(agent, `a-${kind}`).event, "meta.span.kind"),
            kind
          )
        }
      }).pipe(Effect.provide(Observed.dev())))

    it.live("makes a recorded effect the parent of the effects inside it, in one trace", () =>
      Effect.gen(function*() {
        yield* Effect.void.pipe(LLMObs.llm("inner"), LLMObs.agent("middle"), LLMObs.workflow("outer"))
        const { agent } = yield* Observed.settle
        const [inner, middle, outer] = ["inner", "middle", "outer"].map((name) => Observed.named(agent, name))
        assert.strictEqual(outer!.event["parent_id"], "undefined")
        assert.strictEqual(middle!.event["parent_id"], outer!.spanId)
        assert.strictEqual(inner!.event["parent_id"], middle!.spanId)
        assert.strictEqual(new Set([inner!.traceId, middle!.traceId, outer!.traceId]).size, 1)
        assert.notStrictEqual(outer!.traceId, outer!.apmTraceId)
      }).pipe(Effect.provide(Observed.dev())))

    it.live("records an effect that runs again as another span each time", () =>
      Effect.gen(function*() {
        const once = Effect.void.pipe(LLMObs.task("again"))
        yield* Effect.repeat(once, Schedule.recurs(2))
        const { agent } = yield* Observed.settle
        assert.deepStrictEqual(Observed.names(agent), ["again", "again", "again"])
        assert.strictEqual(new Set(agent.events().map((received) => received.spanId)).size, 3)
        assert.strictEqual(new Set(agent.events().map((received) => received.traceId)).size, 3)
      }).pipe(Effect.provide(Observed.dev())))

    it.live("records a stream that is consumed inside an effect", () =>
      Effect.gen(function*() {
        const text = yield* Stream.fromIterable(["a", "b", "c"]).pipe(
          Stream.mapEffect((part) => Effect.as(Effect.yieldNow, part).pipe(LLMObs.task(`part-${part}`))),
          Stream.mkString,
          LLMObs.llm("streamed", { output: (result) => result })
        )
        assert.strictEqual(text, "abc")
        const { agent } = yield* Observed.settle
        const parent = Observed.named(agent, "streamed")
        assert.deepStrictEqual(Observed.at(parent.event, "meta.output.messages.0.content"), "abc")
        for (const part of ["part-a", "part-b", "part-c"]) {
          assert.strictEqual(Observed.named(agent, part).event["parent_id"], parent.spanId)
        }
      }).pipe(Effect.provide(Observed.dev())))
  })

  describe("the end of an effect", () => {
    it.live("records the first failure as the error of a failed effect, which fails unchanged", () =>
      Effect.gen(function*() {
        const exit = yield* Effect.fail(new Refused({ message: "no credit" })).pipe(
          LLMObs.llm("failed", { output: () => assert.fail("there is no result") }),
          Effect.exit
        )
        assert.deepStrictEqual(exit, Exit.fail(new Refused({ message: "no credit" })))
        const { agent } = yield* Observed.settle
        const { event, via } = Observed.named(agent, "failed")
        assert.strictEqual(via, "trace")
        assert.strictEqual(event["status"], "error")
        assert.strictEqual(Observed.at(event, "meta.output"), undefined)
        const carrier = Observed.span(agent, "failed")
        assert.strictEqual(carrier.error, 1)
        assert.strictEqual(carrier.meta["error.type"], "Refused")
        assert.strictEqual(carrier.meta["error.message"], "no credit")
        assert.strictEqual(Observed.tagsOf(Observed.named(agent, "failed")).get("error_type"), "Refused")
      }).pipe(Effect.provide(Observed.dev())))

    it.live("keeps the error of a failed effect in an event that travels alone", () =>
      Effect.gen(function*() {
        yield* Effect.fail(new Refused({ message: "no credit" })).pipe(LLMObs.llm("failed"), Effect.exit)
        const { agent } = yield* Observed.settle
        const received = Observed.named(agent, "failed")
        assert.strictEqual(received.via, "evp")
        assert.strictEqual(Observed.at(received.event, "meta.error.type"), "Refused")
        assert.strictEqual(Observed.at(received.event, "meta.error.message"), "no credit")
        assert.strictEqual(Observed.tagsOf(received).get("error"), "1")
      }).pipe(Effect.provide(Observed.dev({ apm: "off" }))))

    it.live("records a defect as an error", () =>
      Effect.gen(function*() {
        const exit = yield* Effect.die(new TypeError("broken")).pipe(LLMObs.tool("died"), Effect.exit)
        assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
        const { agent } = yield* Observed.settle
        assert.strictEqual(Observed.named(agent, "died").event["status"], "error")
        assert.strictEqual(Observed.span(agent, "died").meta["error.type"], "TypeError")
      }).pipe(Effect.provide(Observed.dev())))

    it.live("records an interruption alone as a tag and no error", () =>
      Effect.gen(function*() {
        const started = yield* Deferred.make<void>()
        const fiber = yield* Deferred.succeed(started, undefined).pipe(
          Effect.andThen(Effect.never),
          LLMObs.llm("interrupted"),
          Effect.forkChild
        )
        yield* Deferred.await(started)
        yield* Fiber.interrupt(fiber)
        yield* Effect.raceFirst(
          Effect.never.pipe(LLMObs.llm("loser")),
          Effect.yieldNow.pipe(LLMObs.llm("winner"))
        )
        const { agent } = yield* Observed.settle
        for (const name of ["interrupted", "loser"]) {
          const received = Observed.named(agent, name)
          assert.strictEqual(received.event["status"], "ok", name)
          assert.strictEqual(Observed.tagsOf(received).get("effect.fiber.interrupted"), "true")
          assert.strictEqual(Observed.span(agent, name).error, 0)
        }
        assert.isFalse(Observed.tagsOf(Observed.named(agent, "winner")).has("effect.fiber.interrupted"))
      }).pipe(Effect.provide(Observed.dev())))

    it.live("records the first of several causes, without interruptions", () =>
      Effect.gen(function*() {
        const cause = Cause.fromReasons([
          Cause.makeInterruptReason(1),
          Cause.makeFailReason(new Refused({ message: "first" })),
          Cause.makeDieReason(new TypeError("second"))
        ])
        yield* Effect.failCause(cause).pipe(LLMObs.task("several"), Effect.exit)
        const { agent } = yield* Observed.settle
        const received = Observed.named(agent, "several")
        assert.strictEqual(received.event["status"], "error")
        assert.strictEqual(Observed.span(agent, "several").meta["error.message"], "first")
        assert.isFalse(Observed.tagsOf(received).has("effect.fiber.interrupted"))
      }).pipe(Effect.provide(Observed.dev())))
  })

  describe("output functions", () => {
    it.live("loses only the output when an output function throws", () => {
      const { layer, lines } = Observed.warnings()
      return Effect.gen(function*() {
        const result = yield* Effect.succeed(41).pipe(
          LLMObs.task("mapped", {
            input: "question",
            output: () => {
              throw new Error("secret content")
            }
          })
        )
        assert.strictEqual(result, 41)
        const { agent } = yield* Observed.settle
        const { event } = Observed.named(agent, "mapped")
        assert.strictEqual(event["status"], "ok")
        assert.strictEqual(Observed.at(event, "meta.output"), undefined)
        assert.strictEqual(Observed.at(event, "meta.input.value"), "question")
        assert.isFalse(lines.some((line) => line.includes("secret")))
        assert.strictEqual(lines.filter((line) => line.includes("(output, Error)")).length, 1)
      }).pipe(Effect.provide(Observed.dev()), Effect.provide(layer))
    })

    it.live("calls an output function once, and reads its value once", () =>
      Effect.gen(function*() {
        const list = [1]
        let asked = 0
        yield* Effect.succeed(list).pipe(LLMObs.task("listed", {
          output: (result) => {
            asked++
            return result
          }
        }))
        list.push(2)
        const { agent } = yield* Observed.settle
        assert.strictEqual(asked, 1)
        assert.strictEqual(Observed.at(Observed.named(agent, "listed").event, "meta.output.value"), "[1]")
      }).pipe(Effect.provide(Observed.dev())))
  })

  describe("LLMObs.annotateCurrentSpan", () => {
    it.live("ignores an annotation outside a span, and warns once", () => {
      const { layer, lines } = Observed.warnings()
      return Effect.gen(function*() {
        yield* LLMObs.annotateCurrentSpan({ tags: { a: "1" } })
        yield* LLMObs.annotateCurrentSpan({ tags: { a: "1" } })
        yield* Effect.void.pipe(LLMObs.task("later"))
        const { agent } = yield* Observed.settle
        assert.isFalse(Observed.tagsOf(Observed.named(agent, "later")).has("a"))
        assert.strictEqual(lines.filter((line) => line.includes("invalid_span_no_active_spans")).length, 1)
      }).pipe(Effect.provide(Observed.dev()), Effect.provide(layer))
    })

    it.live("keeps the good fields of a bad annotation", () =>
      Effect.gen(function*() {
        yield* LLMObs.annotateCurrentSpan({
          metrics: { tokens: 3, cost: Number.NaN },
          metadata: "wrong" as unknown as {},
          tags: { kept: "yes" }
        }).pipe(LLMObs.task("partly"))
        yield* LLMObs.annotateCurrentSpan(undefined as unknown as {}).pipe(LLMObs.task("nothing"))
        const { agent } = yield* Observed.settle
        const received = Observed.named(agent, "partly")
        assert.deepStrictEqual(received.event["metrics"], { tokens: 3 })
        assert.deepStrictEqual(Observed.at(received.event, "meta.metadata"), {})
        assert.strictEqual(Observed.tagsOf(received).get("kept"), "yes")
        assert.strictEqual(Observed.named(agent, "nothing").event["status"], "ok")
      }).pipe(Effect.provide(Observed.dev())))

    it.live("annotates the nearest open span, and never one that has ended", () =>
      Effect.gen(function*() {
        const late = yield* Deferred.make<void>()
        const fiber = yield* Effect.forkDetach(
          Effect.andThen(Deferred.await(late), LLMObs.annotateCurrentSpan({ tags: { late: "yes" } }))
        ).pipe(LLMObs.task("inner"), LLMObs.workflow("outer"))
        yield* Deferred.succeed(late, undefined)
        yield* Fiber.join(fiber)
        const { agent } = yield* Observed.settle
        for (const name of ["inner", "outer"]) {
          assert.isFalse(Observed.tagsOf(Observed.named(agent, name)).has("late"))
        }
      }).pipe(Effect.provide(Observed.dev())))

    it.live("names a session for the span and its later descendants, and for no earlier span", () =>
      Effect.gen(function*() {
        yield* Effect.gen(function*() {
          yield* Effect.void.pipe(LLMObs.task("before"))
          yield* LLMObs.annotateCurrentSpan({ tags: { session_id: "s-9" } })
          yield* Effect.void.pipe(LLMObs.task("after"))
        }).pipe(LLMObs.workflow("flow"))
        const { agent } = yield* Observed.settle
        for (const name of ["flow", "after"]) {
          assert.strictEqual(Observed.named(agent, name).event["session_id"], "s-9", name)
          assert.strictEqual(Observed.tagsOf(Observed.named(agent, name)).get("session_id"), "s-9")
        }
        assert.isFalse(Object.hasOwn(Observed.named(agent, "before").event, "session_id"))
      }).pipe(Effect.provide(Observed.dev())))

    it.live("renames the event and the APM span", () =>
      Effect.gen(function*() {
        yield* LLMObs.annotateCurrentSpan({ name: "new" }).pipe(LLMObs.task("old"))
        const { agent } = yield* Observed.settle
        assert.deepStrictEqual(Observed.names(agent), ["new"])
        assert.deepStrictEqual(Observed.spans(agent).map((span) => span.name), ["new"])
      }).pipe(Effect.provide(Observed.dev())))
  })

  describe("LLMObs.annotateSpans", () => {
    it.live("annotates every span that starts in the region, the inner region last and the span itself after it", () =>
      Effect.gen(function*() {
        yield* Effect.gen(function*() {
          yield* Effect.void.pipe(LLMObs.task("plain"))
          yield* Effect.void.pipe(
            LLMObs.task("told", { tags: { level: "span" } }),
            LLMObs.annotateSpans({ tags: { level: "inner", inner: "yes" } })
          )
          yield* Effect.forkChild(Effect.void.pipe(LLMObs.task("forked"))).pipe(Effect.flatMap(Fiber.join))
        }).pipe(LLMObs.annotateSpans({ tags: { level: "outer", outer: "yes" }, sessionId: "s-1" }))
        yield* Effect.void.pipe(LLMObs.task("outside"))
        const { agent } = yield* Observed.settle
        const level = (name: string) => Observed.tagsOf(Observed.named(agent, name)).get("level")
        assert.strictEqual(level("plain"), "outer")
        assert.strictEqual(level("forked"), "outer")
        assert.strictEqual(level("told"), "span")
        assert.strictEqual(Observed.tagsOf(Observed.named(agent, "told")).get("inner"), "yes")
        assert.strictEqual(Observed.tagsOf(Observed.named(agent, "told")).get("outer"), "yes")
        assert.isUndefined(level("outside"))
        assert.strictEqual(Observed.named(agent, "told").event["session_id"], "s-1")
      }).pipe(Effect.provide(Observed.dev())))

    it.live("counts for the spans of its region alone, however deep they stand directly inside one another", () =>
      Effect.gen(function*() {
        const leaf = (name: string) => LLMObs.task(name)(Effect.void)
        const nested = LLMObs.task("child")(Effect.andThen(leaf("grandchild"), leaf("sibling")))
        const region = LLMObs.annotateSpans({ tags: { region: "yes" } })(LLMObs.task("inside")(leaf("deeper")))
        yield* LLMObs.workflow("root")(
          nested.pipe(
            Effect.andThen(region),
            Effect.andThen(leaf("after")),
            Effect.andThen(Effect.withTracerEnabled(leaf("untraced"), false)),
            Effect.andThen(leaf("traced"))
          )
        )
        const { agent } = yield* Observed.settle
        const tagged = Observed.names(agent).filter((name) =>
          Observed.tagsOf(Observed.named(agent, name)).has("region")
        )
        assert.deepStrictEqual(tagged.toSorted(), ["deeper", "inside"])
        const parents = ["child", "grandchild", "sibling", "inside", "deeper", "after", "untraced", "traced"].map((
          name
        ) =>
          Observed.names(agent).find((other) =>
            Observed.named(agent, other).event["span_id"] === Observed.named(agent, name).event["parent_id"]
          )
        )
        assert.deepStrictEqual(parents, ["root", "child", "child", "root", "inside", "root", "root", "root"])
        const apm = Observed.spans(agent).map((span) => span.name)
        assert.deepStrictEqual([apm.includes("untraced"), apm.includes("traced")], [false, true])
      }).pipe(Effect.provide(Observed.dev())))

    it.live("leaves a span that already runs unchanged, and takes no input or output", () =>
      Effect.gen(function*() {
        yield* Effect.void.pipe(
          LLMObs.task("inner"),
          LLMObs.annotateSpans({ tags: { added: "yes" }, input: "not here" } as {}),
          LLMObs.workflow("running")
        )
        const { agent } = yield* Observed.settle
        assert.isFalse(Observed.tagsOf(Observed.named(agent, "running")).has("added"))
        assert.strictEqual(Observed.tagsOf(Observed.named(agent, "inner")).get("added"), "yes")
        assert.isUndefined(Observed.at(Observed.named(agent, "inner").event, "meta.input"))
      }).pipe(Effect.provide(Observed.dev())))
  })

  describe("without a layer", () => {
    it.effect("opens plain Effect spans, or has no effect, when there is no layer", () =>
      Effect.gen(function*() {
        for (const kind of SpanKinds.all) {
          const seen = yield* Effect.currentSpan.pipe(spanFunctions[kind](`plain-${kind}`))
          assert.strictEqual(seen.name, `plain-${kind}`)
          assert.strictEqual(seen.status._tag, "Ended")
        }
        const [inner, outer] = yield* Effect.all([Effect.currentSpan, LLMObs.currentSpan]).pipe(
          LLMObs.annotateSpans({ tags: { a: "1" } }),
          LLMObs.llm("inner"),
          LLMObs.workflow("outer")
        )
        assert.strictEqual(Option.getOrThrow(inner.parent)._tag, "Span")
        assert.isTrue(Option.isNone(outer))
        yield* LLMObs.annotateCurrentSpan({ tags: { a: "1" } })
        assert.deepStrictEqual(yield* LLMObs.flush, {
          delivered: 0,
          transferred: 0,
          dropped: 0,
          pending: 0,
          timedOut: false
        })
        assert.strictEqual((yield* LLMObs.ledger).enqueued, 0)
      }))

    it.effect("calls no output function when there is no layer", () =>
      Effect.gen(function*() {
        yield* Effect.succeed(1).pipe(LLMObs.task("plain", { output: () => assert.fail("called") }))
      }))
  })

  it.live("gives plain spans inside a recorded effect its span as their parent", () =>
    Effect.gen(function*() {
      const [inner, current] = yield* Effect.all([
        Effect.currentSpan.pipe(Effect.withSpan("plain")),
        LLMObs.currentSpan
      ])
        .pipe(LLMObs.workflow("around"))
      const parent = Option.getOrThrow(inner.parent)
      assert.strictEqual(parent._tag, "Span")
      assert.strictEqual(BigInt(`0x${parent.spanId}`).toString(), Option.getOrThrow(current).spanId)
      assert.notInstanceOf(parent, Tracer.NativeSpan)
    }).pipe(Effect.provide(Observed.dev())))
})
