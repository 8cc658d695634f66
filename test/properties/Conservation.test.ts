import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Ledger from "../../src/domain/delivery/Ledger.ts"
import * as DeliveryRun from "./DeliveryRun.ts"
import { Schedule } from "./DeliverySchedule.ts"
import * as DeliveryState from "./DeliveryState.ts"

const generated = { arbitrary: { runs: 250, size: 150 } }

describe("the books of the engine", () => {
  it.effect.prop(
    "keeps the books of the model after every step of any schedule",
    [Schedule],
    ([schedule]) => DeliveryRun.make(schedule).run(schedule.steps),
    generated
  )

  it.effect.prop(
    "accounts for each event when the layer closes or its process ends, and after that",
    [Schedule],
    ([schedule]) =>
      Effect.gen(function*() {
        const { end, model, run } = DeliveryRun.make(schedule)
        const half = schedule.steps.length >> 1
        yield* run(schedule.steps.slice(0, half))
        const ends = half % 2 === 0 ? "close" : "exit"
        yield* end(ends)
        if (ends === "close") yield* run(schedule.steps.slice(half))
        assert.strictEqual(Ledger.pending(DeliveryState.books(model())), 0)
      }),
    { arbitrary: { runs: 160, size: 150 } }
  )

  it.effect.prop("ends with no event pending and no byte reserved", [Schedule], ([schedule]) =>
    Effect.gen(function*() {
      const { drain, model, run } = DeliveryRun.make(schedule)
      // An event that failed in a last attempt stays in its place, and is counted there.
      yield* run(schedule.steps.map((step) => step._tag === "answer" ? { ...step, last: false } : step))
      yield* drain
      assert.strictEqual(Ledger.pending(DeliveryState.books(model())), 0)
      for (const event of model().events.values()) assert.isFalse(event.held)
    }), { arbitrary: { runs: 150, size: 150 } })

  // Left out: refusals for good, waits that let events expire, and events too large to send.
  const lossless = Arbitrary.map(
    Arbitrary.schema(Schedule),
    ({ steps }) =>
      steps.filter((step) =>
        step._tag !== "wait" &&
        !("size" in step && step.size === "too large") &&
        !("event" in step && step.event === "redacted") &&
        !("last" in step && (step.last || [400, 404, 405, 413, 422].includes(step.outcome as number)))
      )
  )

  it.effect.prop(
    "delivers every event when no receiver refuses one for good and there is room",
    [lossless],
    ([steps]) =>
      Effect.gen(function*() {
        const { drain, model, run } = DeliveryRun.make({ budgetBytes: 1e9, outboxBytes: 1e9, overflow: "dropNewest" })
        yield* run(steps)
        yield* drain
        const books = DeliveryState.books(model())
        assert.strictEqual(Ledger.dropped(books), 0)
        assert.strictEqual(Ledger.delivered(books) + books.transferred, books.enqueued)
      }),
    { arbitrary: { runs: 150, size: 150 } }
  )
})
