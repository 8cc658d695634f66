import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ledgers from "../../src/domain/delivery/Ledger.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Observed from "./Observed.ts"

/**
 * Opens span in span, each in a synchronous run of its own, until the stack overflows. Gives how many were recorded: the
 * innermost find no room to start.
 */
const recurse = Effect.gen(function*() {
  const context = yield* Effect.context<never>()
  const run = Effect.runSyncExitWith(context)
  let opened = 0
  const deeper = (): Effect.Effect<void> =>
    Effect.map(LLMObs.currentSpan, (span) => {
      if (Option.isSome(span)) opened++
      run(deeper().pipe(LLMObs.task("deeper")))
    })
  run(deeper().pipe(LLMObs.task("first")))
  return opened
})

const modes = [
  ["riding", {}],
  ["offered", { apm: "off" }],
  ["waiting for room", { overflow: "backpressure", maxBytes: 100_000 }],
  ["redacted", { processors: [(span: unknown) => span] as never }]
] as const

describe("spans that end where the stack is full", () => {
  for (const [name, options] of modes) {
    it.live(`delivers or counts each span that ends where the stack is full, and balances the books: ${name}`, () =>
      Effect.gen(function*() {
        const opened = yield* recurse
        assert.isAbove(opened, 20)
        const before = yield* LLMObs.ledger
        assert.isTrue(Ledgers.balances(before), JSON.stringify(before))
        const { ledger } = yield* Observed.settle
        // Where the stack overflows in Effect's own run loop, the innermost finalizers never run.
        assert.isAtMost(ledger.enqueued, opened)
        assert.isAtLeast(ledger.enqueued, opened * 0.9)
        assert.strictEqual(Ledgers.delivered(ledger) + Ledgers.dropped(ledger), ledger.enqueued)
      }).pipe(Effect.provide(Observed.dev(options))))
  }
})
