import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as DevAgent from "../../src/adapters/devagent/DevAgent.ts"
import * as Ledgers from "../../src/domain/delivery/Ledger.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Observed from "../layers/Observed.ts"
import * as Ports from "../layers/Ports.ts"

const text = "All parcels are on their way. ".repeat(170)

/** So many spans of 5 KB each, without letting anything else run. */
const burst = (count: number) =>
  Effect.flatMap(Effect.context<never>(), (context) =>
    Effect.sync(() => {
      const one = Effect.void.pipe(LLMObs.llm("burst", { input: text }))
      const run = Effect.runSyncWith(context)
      for (let index = 0; index < count; index++) run(one)
    }))

describe("the byte budget", () => {
  for (const [apm, road] of [["llm", "agent"], ["off", "intake"]] as const) {
    it.live(`delivers to the ${road} 10,000 spans of 5 KB that end in one tick`, () =>
      Effect.gen(function*() {
        yield* burst(10_000)
        const { agent, ledger } = yield* Observed.settle
        assert.strictEqual(ledger.enqueued, 10_000)
        assert.strictEqual(ledger.delivered[road], 10_000)
        assert.strictEqual(Ledgers.dropped(ledger), 0)
        const { evp, trace } = agent.counts().events
        assert.deepStrictEqual({ evp, trace }, { evp: 0, trace: 0, [apm === "off" ? "evp" : "trace"]: 10_000 })
        for (const request of agent.requests()) assert.isBelow(request.bytes.byteLength, 8 * 1024 * 1024)
      }).pipe(Effect.provide(Observed.dev({ apm, agent: { maxRequestsBytes: 1024 } }))))
  }

  it.live("refuses the newest events when the budget is used up, warns of all of them in two lines, and delivers the rest", () => {
    const { layer, lines } = Observed.warnings()
    return Effect.gen(function*() {
      const port = yield* Ports.reserve
      const dropped = yield* Effect.gen(function*() {
        yield* burst(100)
        const full = yield* LLMObs.ledger
        assert.isTrue(Ledgers.balances(full))
        assert.strictEqual(full.enqueued, 100)
        assert.isAbove(full.dropped.outboxFull, 0)
        assert.isAbove(Ledgers.pending(full), 10)
        const agent = yield* DevAgent.make({ port })
        yield* LLMObs.flush
        // Delivered events left their room to others.
        yield* burst(1)
        yield* LLMObs.flush
        const ledger = yield* LLMObs.ledger
        assert.isTrue(Ledgers.balances(ledger))
        assert.strictEqual(Ledgers.pending(ledger), 0)
        assert.strictEqual(ledger.dropped.outboxFull, full.dropped.outboxFull)
        assert.strictEqual(agent.events().length, Ledgers.delivered(ledger))
        assert.strictEqual(Ledgers.delivered(ledger), Ledgers.pending(full) + 1)
        return ledger.dropped.outboxFull
      }).pipe(
        Effect.provide(Observed.layerOf({ url: `http://127.0.0.1:${port}` }, { maxBytes: 200_000 })),
        Effect.provide(layer)
      )
      const said = lines.flatMap((line) => /Dropped (\d+) events? \(outboxFull\)/.exec(line)?.[1] ?? [])
      assert.deepStrictEqual(said, ["1", String(dropped - 1)], "at once, and when the layer closes")
    })
  })

  it.live("sends a struct of more than 1 MB, which no trace can carry, to the intake", () =>
    Effect.gen(function*() {
      yield* Effect.void.pipe(
        LLMObs.task("small"),
        LLMObs.workflow("large", { input: "x".repeat(1_100_000) })
      )
      const { agent } = yield* Observed.settle
      assert.strictEqual(Observed.named(agent, "large").via, "evp")
      assert.strictEqual(Observed.named(agent, "small").via, "trace")
      assert.strictEqual(Observed.span(agent, "large").meta["_dd.llmobs.submitted"], "1")
    }).pipe(Effect.provide(Observed.dev())))

  it.live("delivers an event of more than 5 MB shrunk", () =>
    Effect.gen(function*() {
      yield* Effect.void.pipe(
        LLMObs.workflow("huge", { input: "x".repeat(3_000_000), metadata: { note: "y".repeat(3_000_000) } })
      )
      const { agent } = yield* Observed.settle
      const { event, via } = Observed.named(agent, "huge")
      assert.strictEqual(via, "evp")
      assert.isBelow(JSON.stringify(event["meta"]).length, 5_000_000)
      assert.isAbove(JSON.stringify(event["meta"]).length, 1_000)
    }).pipe(Effect.provide(Observed.dev())))
})

describe("a long trace", () => {
  it.live("sends a long trace in parts, each of which the Agent assigns to the same trace", () =>
    Effect.gen(function*() {
      yield* Effect.forEach(
        Array.from({ length: 25 }, (_, index) => index),
        (index) => Effect.void.pipe(LLMObs.task(`step-${index}`)),
        { discard: true }
      ).pipe(LLMObs.workflow("long"))
      const { agent, ledger } = yield* Observed.settle
      assert.strictEqual(ledger.delivered.agent, 26)
      assert.strictEqual(agent.traces().length, 3)
      const root = Observed.named(agent, "long")
      for (const chunk of agent.traces()) {
        assert.strictEqual(chunk[0]!.metrics["_sampling_priority_v1"], 1)
        assert.strictEqual(chunk[0]!.meta["_dd.p.tid"], root.apmTraceId.slice(0, 16))
      }
      for (const event of agent.events()) {
        assert.strictEqual(event.apmTraceId, root.apmTraceId)
      }
    }).pipe(Effect.provide(Observed.dev({ partialFlushMinSpans: 10 }))))

  it.live("sends finished spans when the oldest has waited long enough", () =>
    Effect.gen(function*() {
      yield* Effect.gen(function*() {
        yield* Effect.void.pipe(LLMObs.task("first"))
        const agent = yield* LLMObs.DevAgent
        // Without a flush only time can bring it.
        for (let turn = 0; turn < 5_000 && agent.events().length === 0; turn++) yield* Effect.sleep(2)
        assert.deepStrictEqual(Observed.names(agent), ["first"])
      }).pipe(LLMObs.workflow("long"))
      yield* Observed.settle
    }).pipe(Effect.provide(Observed.dev({ partialFlushAfter: "20 millis" }))))
})
