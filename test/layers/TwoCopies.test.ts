/** Two copies of the package in one process, as bundlers make them: what one of them knows, the other knows, too. */
import { assert, describe, it, vi } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import * as Observed from "./Observed.ts"

const copy = async () => {
  vi.resetModules()
  return {
    Fetch: await import("../../src/layers/Fetch.ts"),
    LLMObs: await import("../../src/layers/LLMObs.ts"),
    EffectTracer: await import("../../src/adapters/effect-tracer/EffectTracer.ts"),
    ProcessIdentity: await import("../../src/adapters/node-process/ProcessIdentity.ts"),
    RequestStorage: await import("../../src/adapters/async-context/RequestStorage.ts")
  }
}

const [a, b] = [await copy(), await copy()]

const request = () =>
  new Request("http://localhost/?session_id=s-1", {
    headers: { "x-datadog-trace-id": "7", "x-datadog-parent-id": "9", "x-datadog-sampling-priority": "2" }
  })

const sessionFrom = { query: "session_id" }

describe("two copies of the package", () => {
  it("loads two different copies", () => {
    assert.notStrictEqual(a.LLMObs, b.LLMObs)
    assert.notStrictEqual(a.RequestStorage.store, b.RequestStorage.store)
  })

  it("shares the request, so that one copy's spans belong to the request that the other wrapped", async () => {
    const program = b.LLMObs.currentSpan.pipe(
      Effect.map((span) => Option.getOrThrow(span)),
      b.LLMObs.workflow("support"),
      Effect.provide(b.LLMObs.layerDev(Observed.usual))
    )
    const handler = a.Fetch.wrap(() => Effect.runPromise(program), { sessionFrom })
    const span = await handler(request())
    assert.strictEqual(span.sources.session, "request")
  })

  it("captures a request for the other copy", async () => {
    const path = Effect.withFiber((fiber) => Effect.succeed(b.RequestStorage.find(fiber)?.info.path))
    const handler = a.Fetch.wrap(() => Effect.runPromise(b.Fetch.capture(path)), { sessionFrom })
    assert.strictEqual(await handler(request()), "/")
  })

  it("recognises the other copy's tracer, so that the inner layer takes over its region", () =>
    Effect.runPromise(
      Effect.gen(function*() {
        assert.isTrue(a.EffectTracer.isOurs(yield* Effect.tracer))
        assert.isTrue(b.EffectTracer.isOurs(yield* Effect.tracer))
        const agent = yield* Effect.void.pipe(
          b.LLMObs.task("inner"),
          Effect.andThen(b.LLMObs.flush),
          Effect.andThen(b.LLMObs.DevAgent),
          Effect.provide(b.LLMObs.layerDev(Observed.usual))
        )
        assert.deepStrictEqual(agent.events().map((event) => event.via), ["trace"])
      }).pipe(Effect.provide(a.LLMObs.layerDev(Observed.usual)))
    ))

  it("continues the trace of the other copy's span in headers", () =>
    Effect.runPromise(
      Effect.gen(function*() {
        const span = yield* Effect.currentSpan
        assert.isDefined(b.EffectTracer.traceOf(span))
        const headers = yield* Effect.provideService(b.LLMObs.inject, Tracer.ParentSpan, span)
        const own = yield* a.LLMObs.inject
        assert.strictEqual(headers["x-datadog-trace-id"], own["x-datadog-trace-id"])
        assert.strictEqual(headers["x-datadog-parent-id"], own["x-datadog-parent-id"])
        assert.strictEqual(headers["x-datadog-sampling-priority"], own["x-datadog-sampling-priority"])
      }).pipe(a.LLMObs.task("outer"), Effect.provide(a.LLMObs.layerDev(Observed.usual)))
    ))

  it("recognises the other copy's current LLM span", () =>
    Effect.runPromise(
      Effect.gen(function*() {
        const [ofA, ofB] = [yield* a.LLMObs.currentSpan, yield* b.LLMObs.currentSpan]
        assert.deepStrictEqual(ofB, ofA)
        const inner = yield* b.LLMObs.currentSpan.pipe(b.LLMObs.task("inner"))
        assert.strictEqual(Option.getOrThrow(inner).traceId, Option.getOrThrow(ofA).traceId)
      }).pipe(a.LLMObs.task("outer"), Effect.provide(a.LLMObs.layerDev(Observed.usual)))
    ))

  it("listens once for the end of the process, with one runtime id for both copies", () =>
    Effect.runPromise(
      Effect.sync(() => {
        assert.strictEqual(process.listenerCount("exit"), before + 1)
        assert.strictEqual(a.ProcessIdentity.read().runtimeId, b.ProcessIdentity.read().runtimeId)
      }).pipe(
        Effect.provide(b.LLMObs.layerDev(Observed.usual)),
        Effect.provide(a.LLMObs.layerDev(Observed.usual))
      )
    ))
})

const before = process.listenerCount("exit")
