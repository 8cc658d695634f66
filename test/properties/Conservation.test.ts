import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Ledger from "../../src/domain/Ledger.ts"
import * as DeliveryRun from "./DeliveryRun.ts"

const generated = { arbitrary: { runs: 300, size: 150 } }

describe("the books of the engine", () => {
  it.prop("are those of the model after every step of any schedule", [DeliveryRun.Schedule], ([schedule]) => {
    const { run } = DeliveryRun.make(schedule)
    for (const step of schedule.steps) run(step)
  }, generated)

  it.prop("end with nothing pending and no byte reserved", [DeliveryRun.Schedule], ([schedule]) => {
    const { drain, ledger, model, run } = DeliveryRun.make(schedule)
    // What failed in a last attempt stays where it is, and is counted there.
    for (const step of schedule.steps) run(step._tag === "answer" ? { ...step, last: false } : step)
    drain()
    assert.strictEqual(Ledger.pending(ledger.snapshot()), 0)
    for (const event of model().events.values()) assert.isFalse(event.held)
  }, generated)

  // What refuses for good and time that lets events expire are left out, and so is an event too large to send.
  const lossless = Arbitrary.map(Arbitrary.schema(DeliveryRun.Schedule), ({ steps }) => ({
    overflow: "dropNewest",
    budgetBytes: 1e9,
    outboxBytes: 1e9,
    steps: steps.filter((step) =>
      step._tag !== "wait" && !("size" in step && step.size === "too large") &&
      !("event" in step && step.event === "redacted") &&
      !("last" in step && (step.last || [400, 404, 405, 413, 422].includes(step.outcome as number)))
    )
  } as const))

  it.prop("show every event delivered when nobody refuses one for good and there is room", [lossless], ([schedule]) => {
    const { drain, ledger, run } = DeliveryRun.make(schedule)
    for (const step of schedule.steps) run(step)
    drain()
    const books = ledger.snapshot()
    assert.strictEqual(Ledger.dropped(books), 0)
    assert.strictEqual(Ledger.delivered(books) + books.transferred, books.enqueued)
  }, generated)
})
