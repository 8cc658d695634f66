import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Ledgers from "../../src/domain/delivery/Ledger.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Heap from "../layers/Heap.ts"
import * as Observed from "../layers/Observed.ts"
import * as Ports from "../layers/Ports.ts"

const mebibyte = 1024 * 1024

const many = <A>(count: number, make: (index: number) => A): ReadonlyArray<A> =>
  Array.from({ length: count }, (_, i) => make(i))

// What is made is not shared with any other event.
const text = (index: number, length: number, character = "x"): string =>
  Buffer.from(`${index} ${character.repeat(length)}`).toString()

const contents: ReadonlyArray<
  readonly [name: string, maxMebibytes: number, events: number, make: (index: number) => LLMObs.AnnotationInput]
> = [
  ["lists of objects of objects", 16, 40, () => ({ metadata: { list: many(15_000, () => ({ a: {} })) } })],
  ["lists of empty lists", 16, 40, () => ({ metadata: { list: many(15_000, () => []) } })],
  ["lists of numbers", 8, 90, () => ({ metadata: { list: many(15_000, (index) => index + 0.5) } })],
  ["lists of short texts", 4, 40, (event) => ({ metadata: { list: many(15_000, (index) => text(index + event, 3)) } })],
  ["objects with many keys", 16, 20, (event) => ({
    metadata: Object.fromEntries(many(10_000, (index) => [`key ${event} ${index}`, index]))
  })],
  ["texts in Latin-1", 16, 120, (event) => ({ input: text(event, 200_000) })],
  ["texts outside Latin-1", 16, 100, (event) => ({ input: text(event, 100_000, "私") })],
  ["small events", 8, 10_000, (event) => ({ input: text(event, 10) })],
  [
    "messages",
    8,
    6_000,
    (event) => ({ input: many(10, (index) => ({ role: "user", content: text(event + index, 20) })) })
  ]
]

// Content is packed into buffers outside the heap.
const memory = (): number => Heap.used() + process.memoryUsage().arrayBuffers

describe("what events hold", () => {
  for (const [name, maxMebibytes, events, make] of contents) {
    const maxBytes = maxMebibytes * mebibyte
    it.live(`is near maxBytes, and not a multiple of it: ${name}`, () =>
      Effect.gen(function*() {
        const port = yield* Ports.reserve
        yield* Effect.gen(function*() {
          const run = Effect.runSyncWith(yield* Effect.context<never>())
          for (let index = 0; index < 20; index++) run(Effect.void.pipe(LLMObs.llm("first", make(index))))
          const before = memory()
          for (let index = 0; index < events; index++) run(Effect.void.pipe(LLMObs.llm("held", make(index))))
          const held = memory() - before
          const ledger = yield* LLMObs.ledger
          assert.isTrue(Ledgers.balances(ledger))
          assert.isAbove(Ledgers.pending(ledger), 2)
          if (ledger.dropped.outboxFull === 0) assert.isBelow(held, maxBytes / 2, "far below")
          assert.isBelow(held, 1.5 * maxBytes)
        }).pipe(Effect.provide(Observed.layerOf({ url: `http://127.0.0.1:${port}` }, {
          maxBytes,
          apm: "off",
          flushTimeout: "1 millis"
        })))
      }))
  }

  it.live("is charged about as it is: small spans inside each other, with tags of their own", () =>
    Effect.gen(function*() {
      const maxBytes = 4 * mebibyte
      const port = yield* Ports.reserve
      yield* Effect.gen(function*() {
        const run = Effect.runSyncWith(yield* Effect.context<never>())
        const trace = (index: number) => {
          const options = { sessionId: text(index, 10), tags: { team: "support", tier: "gold" } }
          const content = { input: text(index, 200), output: text(index, 200), metadata: { temperature: 0.2 } }
          const inner = LLMObs.annotateCurrentSpan({ ...content, metrics: { inputTokens: 12, outputTokens: 30 } }).pipe(
            LLMObs.llm("llm", options)
          )
          const outer = [LLMObs.tool, LLMObs.task, LLMObs.workflow, LLMObs.agent]
          run(outer.reduce<Effect.Effect<void>>(
            (below, kind) => Effect.andThen(below, LLMObs.annotateCurrentSpan(content)).pipe(kind("outer", options)),
            inner
          ))
        }
        // Compiled code takes memory too.
        for (let index = 0; index < 200; index++) trace(index)
        const before = memory()
        for (let index = 0; index < 360; index++) trace(index)
        const held = memory() - before
        const ledger = yield* LLMObs.ledger
        assert.isAbove(ledger.dropped.outboxFull, 0)
        const ratio = held / (Ledgers.pending(ledger) - 1_000) / (maxBytes / Ledgers.pending(ledger))
        assert.isAbove(ratio, 0.7)
        assert.isBelow(ratio, 1.3)
      }).pipe(Effect.provide(Observed.layerOf({ url: `http://127.0.0.1:${port}` }, {
        maxBytes,
        apm: "off",
        flushTimeout: "1 millis"
      })))
    }))

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
    }).pipe(Effect.provide(Observed.dev({ agent: { maxRequestsBytes: 1_024 } }))))
})
