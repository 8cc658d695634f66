import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Ledgers from "../../src/domain/delivery/Ledger.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Heap from "../layers/Heap.ts"
import * as Observed from "../layers/Observed.ts"
import * as Ports from "../layers/Ports.ts"

const maxBytes = 16 * 1024 * 1024

const many = <A>(count: number, make: (index: number) => A): ReadonlyArray<A> =>
  Array.from({ length: count }, (_, i) => make(i))

// What is made is not shared with any other event.
const text = (index: number, length: number, character = "x"): string =>
  Buffer.from(`${index} ${character.repeat(length)}`).toString()

const contents: ReadonlyArray<
  readonly [name: string, events: number, make: (index: number) => LLMObs.AnnotationInput]
> = [
  ["lists of objects of objects", 40, () => ({ metadata: { list: many(15_000, () => ({ a: {} })) } })],
  ["lists of empty lists", 40, () => ({ metadata: { list: many(15_000, () => []) } })],
  ["lists of numbers", 200, () => ({ metadata: { list: many(15_000, (index) => index + 0.5) } })],
  ["lists of short texts", 100, (event) => ({ metadata: { list: many(15_000, (index) => text(index + event, 3)) } })],
  ["objects with many keys", 40, (event) => ({
    metadata: Object.fromEntries(many(10_000, (index) => [`key ${event} ${index}`, index]))
  })],
  ["texts in Latin-1", 400, (event) => ({ input: text(event, 200_000) })],
  ["texts outside Latin-1", 400, (event) => ({ input: text(event, 100_000, "私") })],
  ["small events", 20_000, (event) => ({ input: text(event, 10) })],
  [
    "messages",
    10_000,
    (event) => ({ input: many(10, (index) => ({ role: "user", content: text(event + index, 20) })) })
  ]
]

describe("what events hold", () => {
  for (const [name, events, make] of contents) {
    it.live(`is near maxBytes, and not a multiple of it: ${name}`, () =>
      Effect.gen(function*() {
        const port = yield* Ports.reserve
        yield* Effect.gen(function*() {
          const run = Effect.runSyncWith(yield* Effect.context<never>())
          run(Effect.void.pipe(LLMObs.llm("first", make(0))))
          const before = Heap.used()
          for (let index = 0; index < events; index++) run(Effect.void.pipe(LLMObs.llm("held", make(index))))
          const held = Heap.used() - before
          const ledger = yield* LLMObs.ledger
          assert.isTrue(Ledgers.balances(ledger))
          assert.isAbove(ledger.dropped.outboxFull, 0)
          assert.isAbove(Ledgers.pending(ledger), 2)
          assert.isBelow(held / maxBytes, 1.75)
        }).pipe(Effect.provide(Observed.layerOf({ url: `http://127.0.0.1:${port}` }, {
          maxBytes,
          apm: "off",
          flushTimeout: "1 millis"
        })))
      }))
  }

  it.live("loses nothing of 10,000 events of 2 × 2 KB that end in one tick, on defaults", () =>
    Effect.gen(function*() {
      const run = Effect.runSyncWith(yield* Effect.context<never>())
      for (let index = 0; index < 10_000; index++) {
        run(Effect.void.pipe(
          LLMObs.llm("burst", {
            input: [{ role: "user", content: text(index, 2_048) }],
            output: () => text(index, 2_048)
          })
        ))
      }
      const { ledger } = yield* Observed.settle
      assert.strictEqual(Ledgers.delivered(ledger), 10_000)
      assert.strictEqual(Ledgers.dropped(ledger), 0)
    }).pipe(Effect.provide(Observed.dev({ flushTimeout: "20 seconds", agent: { maxRequestsBytes: 1_024 } }))))
})
