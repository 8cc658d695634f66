import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as LLMObsStream from "../../src/layers/LLMObsStream.ts"
import type { RecorderService } from "../../src/ports/Recorder.ts"
import { Recorder } from "../../src/ports/Recorder.ts"
import * as Observed from "./Observed.ts"

describe("manual spans", () => {
  it.live("makes a manual span the parent of effects inside it, open and open to annotations until it is ended", () =>
    Effect.gen(function*() {
      const span = yield* LLMObs.makeSpan("agent", "session", { sessionId: "s-1", tags: { a: "1" } })
      yield* Effect.void.pipe(LLMObs.llm("first"), LLMObs.withParentSpan(span))
      yield* LLMObs.annotateCurrentSpan({ tags: { b: "2" } }).pipe(LLMObs.withParentSpan(span))
      yield* LLMObs.annotateSpan(span, { tags: { c: "3" } })
      yield* Effect.void.pipe(Effect.withSpan("plain"), LLMObs.withParentSpan(span))
      yield* LLMObs.endSpan(span, { error: new TypeError("no") })
      yield* LLMObs.endSpan(span)
      const { agent, ledger } = yield* Observed.settle
      const session = Observed.named(agent, "session")
      const tags = Observed.tagsOf(session)
      assert.deepStrictEqual([tags.get("a"), tags.get("b"), tags.get("c")], ["1", "2", "3"])
      assert.strictEqual(session.event["status"], "error")
      assert.strictEqual(Observed.named(agent, "first").event["parent_id"], session.event["span_id"])
      assert.strictEqual(Observed.named(agent, "first").event["session_id"], "s-1")
      assert.strictEqual(Observed.span(agent, "session").error, 1)
      assert.strictEqual(Observed.span(agent, "plain").parentId, Observed.span(agent, "session").spanId)
      assert.strictEqual(ledger.enqueued, 2)
    }).pipe(Effect.provide(Observed.dev({ apm: "all" }))))

  it.live("writes the given times of a manual span to the event and to the APM span", () =>
    Effect.gen(function*() {
      const span = yield* LLMObs.makeSpan("llm", "chat", { at: 1_800_000_000_000_000_000n })
      yield* LLMObs.endSpan(span, { at: 1_800_000_000_038_000_000n, exit: Exit.void })
      const { agent } = yield* Observed.settle
      const apm = Observed.span(agent, "chat")
      assert.deepStrictEqual([apm.start, apm.duration], [1_800_000_000_000_000_000n, 38_000_000n])
    }).pipe(Effect.provide(Observed.dev())))

  it.live("ends a scoped span with its scope, by its exit", () =>
    Effect.gen(function*() {
      yield* Effect.exit(Effect.scoped(Effect.andThen(LLMObs.makeSpanScoped("task", "failed"), Effect.fail("no"))))
      yield* Effect.scoped(LLMObs.makeSpanScoped("task", "fine"))
      const scope = yield* Scope.make()
      yield* Scope.close(scope, Exit.fail("gone"))
      yield* Effect.provideService(LLMObs.makeSpanScoped("task", "too late"), Scope.Scope, scope)
      const { agent } = yield* Observed.settle
      const statuses = ["failed", "fine", "too late"].map((name) => Observed.named(agent, name).event["status"])
      assert.deepStrictEqual(statuses, ["error", "ok", "error"])
    }).pipe(Effect.provide(Observed.dev())))

  it.live("ends and tags a manual span that is still open when the layer closes", () =>
    Effect.gen(function*() {
      const agent = yield* Observed.whenClosed(LLMObs.makeSpan("llm", "left"))
      const left = Observed.named(agent, "left")
      assert.strictEqual(Observed.tagsOf(left).get("effect.span.unfinished"), "true")
      assert.strictEqual(left.event["status"], "ok")
    }))

  it.effect("opens only an Effect span for a manual span without a layer", () =>
    Effect.gen(function*() {
      const span = yield* LLMObs.makeSpan("llm", "chat")
      const inner = yield* Effect.currentParentSpan.pipe(LLMObs.withParentSpan(span))
      assert.strictEqual(inner, span.span)
      yield* LLMObs.annotateSpan(span, { tags: { a: "1" } })
      yield* LLMObs.endSpan(span)
      assert.strictEqual(span.span.status._tag, "Ended")
    }))
})

describe("interrupted spans", () => {
  const programs: ReadonlyArray<readonly [string, (inside: Effect.Effect<void>) => Effect.Effect<void>]> = [
    ["an effect", (inside) => inside.pipe(LLMObs.workflow("outer"), Effect.andThen(Effect.void))],
    ["an effect in an effect", (inside) => inside.pipe(LLMObs.llm("inner"), LLMObs.workflow("outer"))],
    ["a scoped span", (inside) => Effect.scoped(Effect.andThen(LLMObs.makeSpanScoped("task", "scoped"), inside))],
    ["a stream", (inside) => Stream.runDrain(LLMObsStream.llm("stream")(Stream.fromEffect(inside)))]
  ]
  for (const [what, program] of programs) {
    it.live(`records an event for each opened span when its fiber is interrupted after any number of steps: ${what}`, () =>
      Effect.gen(function*() {
        const recorder = (yield* Recorder)!
        let opened = 0
        const counting: RecorderService = {
          ...recorder,
          start: (start) => {
            opened++
            return recorder.start(start)
          }
        }
        // A few steps at a time, of another number each time, so that the interruption comes between any two of them.
        for (const stride of [3, 4, 5]) {
          let reached = false
          for (let turns = 0; !reached; turns++) {
            assert.isBelow(turns, 200)
            const inside = Deferred.makeUnsafe<void>()
            const fiber = yield* Effect.forkChild(
              program(Effect.andThen(Deferred.succeed(inside, undefined), Effect.never)).pipe(
                Effect.provideService(Recorder, counting),
                Effect.provideService(Scheduler.MaxOpsBeforeYield, stride)
              )
            )
            for (let turn = 0; turn < turns; turn++) yield* Effect.yieldNow
            yield* Fiber.interrupt(fiber)
            reached = yield* Deferred.isDone(inside)
          }
        }
        const { agent } = yield* Observed.settle
        assert.isAbove(opened, 3)
        assert.strictEqual(agent.events().length, opened)
        assert.strictEqual(Observed.spans(agent).filter((span) => span.type === "llm").length, opened)
      }).pipe(Effect.provide(Observed.dev())))
  }
})
