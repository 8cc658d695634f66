import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Observed from "./Observed.ts"

describe("LLMObs", () => {
  describe("LLMObs.currentSpan", () => {
    it.live("gives the ids of the current event, and the sources of its labels", () =>
      Effect.gen(function*() {
        const current = yield* LLMObs.currentSpan.pipe(
          LLMObs.llm("inner", { userId: "u-1" }),
          LLMObs.workflow("outer", { sessionId: "s-1" })
        )
        const { agent } = yield* Observed.settle
        const received = Observed.named(agent, "inner")
        assert.deepStrictEqual(
          current,
          Option.some({
            traceId: received.traceId,
            spanId: received.spanId,
            sources: {
              session: "parent",
              userId: "explicit",
              accountId: undefined,
              mlApp: "parent",
              parent: "parent"
            }
          })
        )
        assert.strictEqual(received.event["session_id"], "s-1")
        assert.isTrue(Option.isNone(yield* LLMObs.currentSpan))
      }).pipe(Effect.provide(Observed.dev())))
  })

  describe("fibers", () => {
    it.live("keeps the spans of concurrent fibers apart", () =>
      Effect.gen(function*() {
        yield* Effect.forEach(
          Array.from({ length: 50 }, (_, index) => index),
          (index) =>
            Effect.gen(function*() {
              yield* Effect.sleep(index % 7)
              yield* Effect.yieldNow.pipe(LLMObs.llm(`llm-${index}`))
            }).pipe(LLMObs.workflow(`flow-${index}`, { sessionId: `s-${index}` })),
          { concurrency: "unbounded", discard: true }
        )
        const { agent } = yield* Observed.settle
        for (let index = 0; index < 50; index++) {
          const flow = Observed.named(agent, `flow-${index}`)
          const llm = Observed.named(agent, `llm-${index}`)
          assert.strictEqual(llm.event["parent_id"], flow.spanId)
          assert.strictEqual(llm.event["session_id"], `s-${index}`)
          assert.strictEqual(llm.traceId, flow.traceId)
        }
      }).pipe(Effect.provide(Observed.dev())))

    it.live("makes spans of fibers that outlive their parent its children, in a chunk of their own", () =>
      Effect.gen(function*() {
        const go = yield* Deferred.make<void>()
        const fiber = yield* Effect.forkDetach(Effect.andThen(Deferred.await(go), Effect.void).pipe(LLMObs.llm("late")))
          .pipe(LLMObs.workflow("root"))
        // The child has not started its span when the root ends.
        yield* Deferred.succeed(go, undefined)
        yield* Fiber.join(fiber)
        const started = yield* Deferred.make<void>()
        const finish = yield* Deferred.make<void>()
        const second = yield* Effect.gen(function*() {
          const child = yield* Effect.forkDetach(
            Effect.andThen(Deferred.succeed(started, undefined), Deferred.await(finish)).pipe(LLMObs.llm("open"))
          )
          yield* Deferred.await(started)
          return child
        }).pipe(LLMObs.workflow("gone"))
        yield* LLMObs.flush
        yield* Deferred.succeed(finish, undefined)
        yield* Fiber.join(second)
        const { agent, ledger } = yield* Observed.settle
        assert.strictEqual(ledger.delivered.agent, 4)
        assert.strictEqual(Observed.named(agent, "late").event["parent_id"], Observed.named(agent, "root").spanId)
        assert.strictEqual(Observed.named(agent, "open").event["parent_id"], Observed.named(agent, "gone").spanId)
        const chunk = agent.traces().find((spans) => spans[0]!.name === "open")
        assert.strictEqual(chunk?.length, 1)
        assert.strictEqual(chunk?.[0]!.metrics["_sampling_priority_v1"], 1)
        assert.strictEqual(
          chunk?.[0]!.meta["_dd.p.tid"],
          Observed.named(agent, "gone").apmTraceId.slice(0, 16)
        )
      }).pipe(Effect.provide(Observed.dev())))
  })

  describe("a closed layer", () => {
    it.live("delivers the span that ends just before its scope closes", () =>
      Effect.gen(function*() {
        const agent = yield* Observed.whenClosed(Effect.void.pipe(LLMObs.workflow("last")), {
          flushInterval: "1 minute"
        })
        assert.deepStrictEqual(Observed.names(agent), ["last"])
      }))

    it.live("counts a span that ends after the layer closed as dropped, without failing the program", () =>
      Effect.gen(function*() {
        const { layer, lines } = Observed.warnings()
        const go = yield* Deferred.make<void>()
        const started = yield* Deferred.make<void>()
        const [fiber, ledger, agent] = yield* Effect.gen(function*() {
          const child = yield* Effect.forkDetach(
            Effect.andThen(Deferred.succeed(started, undefined), Effect.as(Deferred.await(go), "done")).pipe(
              LLMObs.llm("orphan")
            )
          )
          yield* Deferred.await(started)
          return [child, yield* Effect.context<LLMObs.DevAgent>(), yield* LLMObs.DevAgent] as const
        }).pipe(
          Effect.provide(Observed.dev()),
          Effect.provide(layer)
        )
        yield* Deferred.succeed(go, undefined)
        assert.strictEqual(yield* Fiber.join(fiber), "done")
        const books = yield* Effect.provideContext(LLMObs.ledger, ledger)
        assert.strictEqual(books.dropped.closed, 1)
        assert.strictEqual(books.enqueued, 1)
        assert.deepStrictEqual(agent.events(), [])
        assert.isTrue(lines.some((line) => line.includes("A span ended after its layer had closed")))
      }))
  })
})
