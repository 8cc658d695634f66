import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as RunningLayers from "../../../src/engine/context/RunningLayers.ts"
import * as LLMObs from "../../../src/layers/LLMObs.ts"
import * as Testing from "../../../src/layers/Testing.ts"
import { CurrentSpan } from "../../../src/ports/CurrentSpan.ts"

const later = () => new Promise<void>((resolve) => setImmediate(resolve))

const nameAround = () => RunningLayers.ofCaller()?.current().getRef(CurrentSpan)?.context.name

describe("RunningLayers", () => {
  it.effect("gives plain code the span of the fiber that waits for it, after awaits and in many fibers at once", () =>
    Effect.gen(function*() {
      const names = ["a", "b", "c"]
      const seen = yield* Effect.forEach(names, (name) =>
        Effect.promise(async () => {
          await later()
          return nameAround()
        }).pipe(LLMObs.workflow(name)), { concurrency: "unbounded" })
      assert.deepStrictEqual(seen, names)
      assert.isUndefined(nameAround())
    }).pipe(Effect.provide(Testing.layer())))

  it.effect("parents what plain code starts: in a fiber's callback, in a scope there, and in an effect run inside it", () =>
    Effect.gen(function*() {
      yield* Effect.promise(async () => {
        await later()
        const layer = RunningLayers.ofCaller()!
        const chain = layer.start("workflow", "chain")
        await layer.run(chain, async () => {
          await later()
          await Effect.runPromiseWith(layer.current().context)(Effect.void.pipe(LLMObs.tool("look")))
          layer.start("llm", "call").end()
        })
        chain.end()
      }).pipe(LLMObs.agent("support"))
      for (const [child, parent] of [["chain", "support"], ["look", "chain"], ["call", "chain"]] as const) {
        yield* Testing.expectSpan({ name: child }).under(Testing.span({ name: parent }))
      }
    }).pipe(Effect.provide(Testing.layer())))

  it.effect("keeps a span that a callback enters from the code that called the callback", () =>
    Effect.gen(function*() {
      const { after, during } = yield* Effect.promise(async () => {
        const layer = RunningLayers.ofCaller()!
        const call = async () => {
          await later()
          const leave = layer.enter(layer.start("workflow", "entered"))
          await later()
          const during = nameAround()
          leave()
          return during
        }
        return { during: await call(), after: nameAround() }
      }).pipe(LLMObs.workflow("caller"))
      assert.deepStrictEqual([during, after], ["entered", "caller"])
    }).pipe(Effect.provide(Testing.layer())))

  it.effect("counts a call as claimed inside an open llm span or a span that an adapter claimed, and nowhere else", () =>
    Effect.gen(function*() {
      const claimed = () => RunningLayers.isClaimed(RunningLayers.ofCaller()!.current())
      const inside = (span: <A>(effect: Effect.Effect<A>) => Effect.Effect<A>) =>
        span(Effect.promise(async () => claimed()))
      assert.isFalse(claimed())
      assert.isTrue(yield* inside(LLMObs.llm("chat")))
      assert.isTrue(yield* inside(LLMObs.embedding("embed")))
      assert.isFalse(yield* inside(LLMObs.workflow("support")))
      assert.isFalse(yield* inside((self) => self.pipe(LLMObs.tool("look"), LLMObs.llm("chat"))))
      const layer = RunningLayers.ofCaller()!
      const task = layer.start("task", "step")
      task.open!.claimed = true
      assert.isTrue(layer.run(task, claimed))
      task.end()
      assert.isFalse(layer.run(task, claimed))
    }).pipe(Effect.provide(Testing.layer())))

  it("finds the layer built last, tells its listeners when it closes, and then finds the one before", async () => {
    const inLayer = <A>(body: () => Promise<A>) =>
      Effect.runPromise(Effect.provide(Effect.promise(body), Testing.layer()))
    assert.isUndefined(RunningLayers.ofCaller())
    await inLayer(async () => {
      const first = RunningLayers.ofCaller()
      let closed = 0
      await inLayer(async () => {
        assert.notStrictEqual(RunningLayers.ofCaller(), first)
        RunningLayers.ofCaller()!.onClose(() => closed++)
        RunningLayers.ofCaller()!.onClose(() => closed++)()
      })
      assert.strictEqual(closed, 1)
      assert.strictEqual(RunningLayers.ofCaller(), first)
    })
    assert.isUndefined(RunningLayers.ofCaller())
  })

  it("keeps a line until a layer can log it, and logs it once", async () => {
    RunningLayers.warnOnce("client", "The client is too old.")
    const logged = Effect.promise(async () => {
      const { diagnostics } = RunningLayers.ofCaller()!
      RunningLayers.warnOnce("client", "The client is too old.")
      return diagnostics.counts().get("client")
    })
    assert.strictEqual(await Effect.runPromise(Effect.provide(logged, Testing.layer())), 2)
  })
})
