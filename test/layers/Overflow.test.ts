import { assert, describe, it } from "@effect/vitest"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as DevAgent from "../../src/adapters/devagent/DevAgent.ts"
import * as Ledgers from "../../src/domain/delivery/Ledger.ts"
import * as EffectAi from "../../src/layers/EffectAi.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as LLMObsStream from "../../src/layers/LLMObsStream.ts"
import * as Observed from "./Observed.ts"
import * as Ports from "./Ports.ts"

const text = "All parcels are on their way. ".repeat(170)
const call = (name: string) => Effect.void.pipe(LLMObs.llm(name, { input: text }))
const calls = (count: number) =>
  Effect.forEach(Array.from({ length: count }), (_, index) => call(String(index)), { discard: true })

/** A program whose memory is full until its Agent comes. */
const full = <A, E>(
  overflow: NonNullable<LLMObs.Options["overflow"]>,
  program: (comes: Effect.Effect<DevAgent.DevAgent, DevAgent.DevAgentError, any>) => Effect.Effect<A, E, any>,
  options: LLMObs.Options = {}
) =>
  Effect.gen(function*() {
    const port = yield* Ports.reserve
    return yield* program(DevAgent.make({ port })).pipe(
      Effect.provide(Observed.layerOf({ url: `http://127.0.0.1:${port}` }, { maxBytes: 100_000, overflow, ...options }))
    )
  }) as Effect.Effect<A, E | DevAgent.DevAgentError>

describe("the option overflow", () => {
  it.live("delivers the newest events under dropOldest", () =>
    full("dropOldest", (comes) =>
      Effect.gen(function*() {
        yield* calls(50)
        const before = yield* LLMObs.ledger
        assert.isAbove(before.dropped.outboxFull, 20)
        const agent = yield* comes
        yield* LLMObs.flush
        const after = yield* LLMObs.ledger
        assert.isTrue(Ledgers.balances(after))
        assert.strictEqual(Ledgers.pending(after), 0)
        const kept = 50 - after.dropped.outboxFull
        const newest = Array.from({ length: kept }, (_, index) => String(50 - kept + index)).sort()
        assert.deepStrictEqual(Observed.names(agent), newest)
      }), { apm: "off" }).pipe(Effect.scoped))

  const model = LanguageModel.make({
    generateText: () => Effect.succeed([{ type: "text", text: "On its way." }]),
    streamText: () => Stream.empty
  })
  const asked = LanguageModel.generateText({ prompt: text }).pipe(
    Effect.repeat({ times: 49 }),
    Effect.provide(EffectAi.instrument(Layer.effect(LanguageModel.LanguageModel, model))),
    Effect.orDie
  )

  for (
    const [named, apm, work] of [
      ["spans", "llm", calls(50)],
      ["spans", "off", calls(50)],
      ["an instrumented model", "off", asked]
    ] as const
  ) {
    it.live(`slows a program with ${named} down and loses no event under backpressure, with apm: ${apm}`, () =>
      full("backpressure", (comes) =>
        Effect.gen(function*() {
          const running = yield* Effect.forkChild(work)
          // It comes to a standstill with one event more than there is room for.
          let ledger = yield* LLMObs.ledger
          for (let before = -1; ledger.enqueued > before || ledger.enqueued === 0;) {
            before = ledger.enqueued
            for (let turn = 0; turn < 20; turn++) yield* Effect.yieldNow
            ledger = yield* LLMObs.ledger
          }
          assert.isBelow(ledger.enqueued, 40)
          assert.strictEqual(Ledgers.pending(ledger), ledger.enqueued)
          const agent = yield* comes
          yield* Fiber.join(running)
          yield* LLMObs.flush
          const after = yield* LLMObs.ledger
          assert.isTrue(Ledgers.balances(after))
          assert.strictEqual(Ledgers.delivered(after), 50)
          assert.lengthOf(agent.events(), 50)
        }), { apm }).pipe(Effect.scoped))
  }

  it.live("ends a wait under backpressure after flushTimeout, counted, without failing the program", () =>
    full("backpressure", () =>
      Effect.gen(function*() {
        yield* calls(20)
        assert.strictEqual(
          yield* Stream.make(1, 2).pipe(LLMObsStream.llm("stream", { input: text }), Stream.runCount),
          2
        )
        const ledger = yield* LLMObs.ledger
        assert.isTrue(Ledgers.balances(ledger))
        assert.strictEqual(ledger.enqueued, 21)
        assert.isAbove(ledger.dropped.outboxFull, 0)
      }), { flushTimeout: "5 millis" }).pipe(Effect.scoped))

  it.live("counts an event that still waits under backpressure as lost when the layer closes", () =>
    Effect.gen(function*() {
      const books = yield* full("backpressure", () =>
        Effect.gen(function*() {
          const context = yield* Effect.context<never>()
          Effect.runForkWith(context)(calls(50))
          for (let turn = 0; turn < 50; turn++) yield* Effect.yieldNow
          return LLMObs.ledger.pipe(Effect.provideContext(context))
        }), { flushTimeout: "20 millis" })
      const ledger = yield* books
      assert.isTrue(Ledgers.balances(ledger), JSON.stringify(ledger))
      assert.strictEqual(Ledgers.pending(ledger), 0)
      assert.isAbove(ledger.dropped.shutdown, 0)
    }).pipe(Effect.scoped))
})
