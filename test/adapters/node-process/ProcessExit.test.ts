import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ProcessExit from "../../../src/adapters/node-process/ProcessExit.ts"
import * as LLMObs from "../../../src/layers/LLMObs.ts"

const listeners = () => process.listenerCount("exit")

describe("ProcessExit", () => {
  it("has one exit listener for any number of functions, and none after they are removed", () => {
    const before = listeners()
    const takeOut = Array.from({ length: 20 }, () => ProcessExit.onExit(() => {}))
    assert.strictEqual(listeners(), before + 1)
    for (const one of takeOut) one()
    assert.strictEqual(listeners(), before)
  })

  it("shares one exit listener between two copies of the package", async () => {
    const path = "../../../src/adapters/node-process/ProcessExit.ts?copy"
    const copy: typeof ProcessExit = await import(path)
    assert.notStrictEqual(copy.onExit, ProcessExit.onExit)
    const before = listeners()
    const [first, second] = [ProcessExit.onExit(() => {}), copy.onExit(() => {})]
    assert.strictEqual(listeners(), before + 1)
    first()
    assert.strictEqual(listeners(), before + 1)
    second()
    assert.strictEqual(listeners(), before)
  })

  it("calls every function though one of them throws", () => {
    const called: Array<number> = []
    const before = process.listeners("exit")
    const takeOut = [
      ProcessExit.onExit(() => called.push(1)),
      ProcessExit.onExit(() => {
        throw new Error("broken")
      }),
      ProcessExit.onExit(() => called.push(3))
    ]
    const [ours] = process.listeners("exit").filter((listener) => !before.includes(listener))
    ours!(0)
    assert.deepStrictEqual(called, [1, 3])
    for (const one of takeOut) one()
  })

  it.live("has one exit listener for a dozen layers", () =>
    Effect.gen(function*() {
      const before = listeners()
      yield* Effect.forEach(Array.from({ length: 12 }), () =>
        Effect.sync(() => assert.strictEqual(listeners(), before + 1)).pipe(Effect.provide(LLMObs.layer())), {
        concurrency: "unbounded"
      })
      assert.strictEqual(listeners(), before)
    }))
})
