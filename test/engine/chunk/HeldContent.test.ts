import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Ledgers from "../../../src/domain/delivery/Ledger.ts"
import * as SpanRecords from "../../../src/domain/span/SpanRecord.ts"
import * as LLMObs from "../../../src/layers/LLMObs.ts"
import * as Heap from "../../layers/Heap.ts"
import * as Observed from "../../layers/Observed.ts"
import * as Ports from "../../layers/Ports.ts"
import { makeTrace, open, record } from "../Scene.ts"

describe("held content", () => {
  for (const claim of ["outbox", "dropped"] as const) {
    it(`removes the content and keeps the attributes of a span whose event has the claim ${claim}`, () => {
      const span = open(makeTrace(), true)
      const event = { ...record(1_000), annotation: { metrics: { input_tokens: 3 }, bytes: 9 } }
      span.attach({ ...event, annotation: { ...event.annotation, metadata: { secret: "x".repeat(1_000) } } }, claim)
      assert.deepStrictEqual(span.record, SpanRecords.withoutContent(event))
      assert.isBelow(JSON.stringify(span.record?.annotation).length, 100)
      assert.deepStrictEqual(span.record?.annotation.metrics, { input_tokens: 3 })
      assert.strictEqual(span.record?.context, event.context)
    })
  }

  it("keeps the content of a span that waits with its event", () => {
    const span = open(makeTrace(), true)
    const event = record(1_000)
    span.attach(event, "none")
    assert.strictEqual(span.record, event)
  })

  it.live("holds no memory for 333 dropped events of 1 MB while their trace waits for an Agent", () =>
    Effect.gen(function*() {
      const port = yield* Ports.reserve
      const agentUrl = `http://127.0.0.1:${port}`
      yield* Effect.gen(function*() {
        const run = Effect.runSyncWith(yield* Effect.context<never>())
        const before = Heap.used()
        for (let index = 0; index < 400; index++) {
          run(Effect.void.pipe(LLMObs.task("large", { input: `${index} ${"x".repeat(1_000_000 - 10)}` + index })))
        }
        const held = Heap.used() - before
        const ledger = yield* LLMObs.ledger
        assert.isTrue(Ledgers.balances(ledger))
        assert.strictEqual(ledger.enqueued, 400)
        assert.isAbove(ledger.dropped.outboxFull, 300)
        assert.isBelow(held, 90 * 1024 * 1024)
      }).pipe(
        LLMObs.workflow("flow"),
        Effect.provide(Observed.layerOf({ url: agentUrl }, { flushTimeout: "1 millis" }))
      )
    }))
})
