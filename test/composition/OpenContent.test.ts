import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Ledgers from "../../src/domain/delivery/Ledger.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Heap from "../layers/Heap.ts"
import * as Observed from "../layers/Observed.ts"

const maxBytes = 16 * 1024 * 1024

// What is made is not shared with any other span.
const text = (index: number, length: number): string => Buffer.from(`${index} ${"x".repeat(length)}`).toString()

const held = (index: number, length: number, until: Effect.Effect<void>, opened: Effect.Effect<unknown>) =>
  // Only the span holds the content, as JSON text: V8 has long texts of a `Buffer` outside of its heap.
  Effect.suspend(() => LLMObs.annotateCurrentSpan({ input: [text(index, length)] })).pipe(
    Effect.andThen(opened),
    Effect.andThen(until),
    LLMObs.task(`held ${index}`)
  )

describe("content of open spans", () => {
  it.live(
    "stays below twice maxBytes for 80 open spans of 5 MB, whose events are all delivered",
    () =>
      Effect.gen(function*() {
        const gate = yield* Deferred.make<void>()
        const before = Heap.used()
        const fibers: Array<Fiber.Fiber<void>> = []
        for (let index = 0; index < 80; index++) {
          const opened = yield* Deferred.make<void>()
          fibers.push(
            yield* Effect.forkChild(held(index, 5_000_000, Deferred.await(gate), Deferred.succeed(opened, undefined)))
          )
          yield* Deferred.await(opened)
        }
        const grown = Heap.used() - before
        assert.isBelow(grown, 2 * maxBytes)
        assert.isAbove(grown, maxBytes / 4)
        assert.strictEqual((yield* LLMObs.ledger).enqueued, 0)
        yield* Deferred.succeed(gate, undefined)
        for (const fiber of fibers) yield* Fiber.join(fiber)
        const { agent, ledger } = yield* Observed.settle
        assert.strictEqual(Ledgers.delivered(ledger), 80)
        assert.strictEqual(agent.events().length, 80)
        const leftOut = agent.events().filter((event) => Observed.tagsOf(event).has("effect.content.left_out"))
        assert.isAbove(leftOut.length, 74)
        assert.isBelow(leftOut.length, 80)
      }).pipe(Effect.provide(Observed.dev({ maxBytes })))
  )

  for (const overflow of ["dropNewest", "dropOldest", "backpressure"] as const) {
    it.live(`leaves no event behind, and gives back the room of interrupted spans: ${overflow}`, () =>
      Effect.gen(function*() {
        for (let round = 0; round < 5; round++) {
          const fibers: Array<Fiber.Fiber<void>> = []
          for (let index = 0; index < 8; index++) {
            const opened = yield* Deferred.make<void>()
            fibers.push(
              yield* Effect.forkChild(held(index, 80_000, Effect.never, Deferred.succeed(opened, undefined)))
            )
            yield* Deferred.await(opened)
          }
          yield* Fiber.interruptAll(fibers)
          yield* Observed.settle
        }
        const { agent, ledger } = yield* Observed.settle
        assert.strictEqual(Ledgers.delivered(ledger), 40)
        for (const event of agent.events()) {
          assert.isFalse(Observed.tagsOf(event).has("effect.content.left_out"))
          assert.strictEqual(Observed.tagsOf(event).get("effect.fiber.interrupted"), "true")
        }
      }).pipe(Effect.provide(Observed.dev({ overflow, maxBytes: 1024 * 1024 }))))
  }
})
