import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Observed from "./Observed.ts"

const sent = Effect.map(LLMObs.inject, (headers) => headers["baggage"])

const request = LLMObs.extract({
  traceparent: "00-640cfd8d00000000abcdefab12345678-00f067aa0ba902b7-01",
  baggage: "a=1;p=x,b=%20two"
})

describe("LLMObs.withBaggage", () => {
  it.live("replaces, adds and removes members in its region, and leaves the others as they came", () =>
    Effect.gen(function*() {
      yield* Effect.gen(function*() {
        assert.strictEqual(
          yield* sent.pipe(LLMObs.withBaggage({ b: "3", c: "ä" })),
          "a=1;p=x,b=3,c=%C3%A4"
        )
        assert.strictEqual(yield* sent.pipe(LLMObs.withBaggage({ a: undefined, none: undefined })), "b=%20two")
        assert.deepStrictEqual(yield* LLMObs.baggage.pipe(LLMObs.withBaggage({ b: "3" })), { a: "1", b: "3" })
        assert.strictEqual(yield* sent, "a=1;p=x,b=%20two")
      }).pipe(LLMObs.workflow("request"), request)
    }).pipe(Effect.provide(Observed.dev())))

  it.live("nests, the inner region over the outer, and reaches forked fibers but not siblings", () =>
    Effect.gen(function*() {
      const both = yield* sent.pipe(LLMObs.withBaggage({ a: "in" }), LLMObs.withBaggage({ a: "out", b: "out" }))
      assert.strictEqual(both, "a=in,b=out")
      const fiber = yield* Effect.forkChild(sent).pipe(LLMObs.withBaggage({ k: "v" }))
      assert.strictEqual(yield* Fiber.join(fiber), "k=v")
      assert.isUndefined(yield* sent)
    }).pipe(Effect.provide(Observed.dev())))

  it.live("leaves out the members that are reserved for the LLM trace", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* sent.pipe(LLMObs.withBaggage({ "llmobs.parent_id": "1", a: "2" })), "a=2")
    }).pipe(Effect.provide(Observed.dev())))

  it.live("ends where another request or message begins", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* sent.pipe(request, LLMObs.withBaggage({ a: "9" })), "a=1;p=x,b=%20two")
    }).pipe(Effect.provide(Observed.dev())))

  it.live("says nothing about the spans of this program", () =>
    Effect.gen(function*() {
      yield* Effect.void.pipe(LLMObs.llm("model"), LLMObs.withBaggage({ "session.id": "s", "user.id": "u" }))
      const { agent } = yield* Observed.settle
      const { event } = Observed.named(agent, "model")
      assert.isFalse(Object.hasOwn(event, "session_id"))
      assert.isFalse(Observed.tagsOf(Observed.named(agent, "model")).has("usr.id"))
    }).pipe(Effect.provide(Observed.dev())))

  it.effect("without a layer does nothing", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* LLMObs.baggage.pipe(LLMObs.withBaggage({ a: "1" })), {})
    }))
})

describe("LLMObs.upstream", () => {
  it.live("tells what the region continues, also inside its spans", () =>
    Effect.gen(function*() {
      const expected = Option.some({
        traceId: "640cfd8d00000000abcdefab12345678",
        spanId: "00f067aa0ba902b7",
        sampled: true
      })
      assert.deepStrictEqual(yield* LLMObs.upstream.pipe(request), expected)
      assert.deepStrictEqual(yield* LLMObs.upstream.pipe(LLMObs.task("inside"), request), expected)
    }).pipe(Effect.provide(Observed.dev())))

  it.live("has no ids where only baggage came, and is none where nothing usable did", () =>
    Effect.gen(function*() {
      const only = yield* LLMObs.upstream.pipe(LLMObs.extract({ baggage: "a=1" }))
      assert.deepStrictEqual(only, Option.some({ traceId: undefined, spanId: undefined, sampled: undefined }))
      assert.isTrue(Option.isNone(yield* LLMObs.upstream.pipe(LLMObs.extract({ traceparent: "nonsense" }))))
      assert.isTrue(Option.isNone(yield* LLMObs.upstream))
    }).pipe(Effect.provide(Observed.dev())))
})
