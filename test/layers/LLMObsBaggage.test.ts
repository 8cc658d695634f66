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
  it.live("replaces, adds and removes members in a region, and leaves the others as they came", () =>
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

  it.live("nests regions, the inner over the outer, and reaches forked fibers but not siblings", () =>
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

  it.live("ends a baggage region where another request or message begins", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* sent.pipe(request, LLMObs.withBaggage({ a: "9" })), "a=1;p=x,b=%20two")
    }).pipe(Effect.provide(Observed.dev())))

  it.effect("has no effect without a layer", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* LLMObs.baggage.pipe(LLMObs.withBaggage({ a: "1" })), {})
    }))
})

describe("LLMObs.upstream", () => {
  it.live("tells which upstream the region continues, also inside its spans", () =>
    Effect.gen(function*() {
      const expected = Option.some({
        traceId: "640cfd8d00000000abcdefab12345678",
        spanId: "00f067aa0ba902b7",
        sampled: true
      })
      assert.deepStrictEqual(yield* LLMObs.upstream.pipe(request), expected)
      assert.deepStrictEqual(yield* LLMObs.upstream.pipe(LLMObs.task("inside"), request), expected)
    }).pipe(Effect.provide(Observed.dev())))

  it.live("gives an upstream without ids for baggage alone, and none when no header is usable", () =>
    Effect.gen(function*() {
      const only = yield* LLMObs.upstream.pipe(LLMObs.extract({ baggage: "a=1" }))
      assert.deepStrictEqual(only, Option.some({ traceId: undefined, spanId: undefined, sampled: undefined }))
      assert.isTrue(Option.isNone(yield* LLMObs.upstream.pipe(LLMObs.extract({ traceparent: "nonsense" }))))
      assert.isTrue(Option.isNone(yield* LLMObs.upstream))
    }).pipe(Effect.provide(Observed.dev())))
})

describe("input from untyped code", () => {
  const hostile: ReadonlyArray<readonly [string, unknown]> = [
    ["a number", { "x-delivery-count": 1, traceparent: "00-0000000000000000000000000000000a-000000000000000b-01" }],
    ["a getter that throws", {
      get bad() {
        throw new Error("no")
      },
      traceparent: "00-0000000000000000000000000000000a-000000000000000b-01"
    }],
    ["null", null],
    ["a text", "traceparent"]
  ]
  for (const [what, headers] of hostile) {
    it.live(`survives LLMObs.extract of ${what}, and keeps the good headers`, () =>
      Effect.gen(function*() {
        yield* Effect.void.pipe(LLMObs.llm("inside"), LLMObs.extract(headers as never))
        const { agent } = yield* Observed.settle
        const { apmTraceId } = Observed.named(agent, "inside")
        if (typeof headers === "object" && headers !== null) {
          assert.strictEqual(apmTraceId, "0000000000000000000000000000000a")
        }
      }).pipe(Effect.provide(Observed.dev())))
  }

  it.live("survives LLMObs.withBaggage of any value, and keeps the good members", () =>
    Effect.gen(function*() {
      const changes = {
        good: "1",
        count: 5,
        get bad() {
          throw new Error("no")
        }
      }
      assert.deepStrictEqual(yield* LLMObs.baggage.pipe(LLMObs.withBaggage(changes as never)), { good: "1" })
      for (const none of [null, undefined, 5]) {
        assert.deepStrictEqual(yield* LLMObs.baggage.pipe(LLMObs.withBaggage(none as never)), {})
      }
    }).pipe(Effect.provide(Observed.dev())))

  it.live("keeps a span whose name is not text or whose options throw", () =>
    Effect.gen(function*() {
      const options = {
        get output() {
          throw new Error("no")
        },
        get model() {
          throw new Error("no")
        }
      }
      yield* Effect.useSpan(Symbol("plain") as never, () => Effect.void).pipe(
        LLMObs.llm(Symbol("chat") as never, options as never),
        LLMObs.workflow(7 as never)
      )
      const { agent, ledger } = yield* Observed.settle
      assert.deepStrictEqual(Observed.names(agent), ["7", "Symbol(chat)"])
      assert.strictEqual(Observed.span(agent, "Symbol(plain)").resource, "Symbol(plain)")
      assert.strictEqual(ledger.delivered.agent, 2)
    }).pipe(Effect.provide(Observed.dev({ apm: "all" }))))
})
