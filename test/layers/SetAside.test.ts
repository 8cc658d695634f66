import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Observed from "./Observed.ts"

const call = (name: string) => Effect.succeed("an answer").pipe(LLMObs.llm(name, { output: (text) => text }))

describe("LLMObs.setAside", () => {
  it.live("gives and counts the events that the intake refused for good, as they were sent, with the status", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* LLMObs.setAside, [])
      yield* Effect.all([call("one"), call("two"), call("three")])
      const { agent, ledger } = yield* Observed.settle
      assert.strictEqual(ledger.dropped.refused + ledger.dropped.oversized, 2)
      assert.lengthOf(agent.events(), 1)
      const entries = yield* LLMObs.setAside
      assert.deepStrictEqual(entries.map(({ reason, status }) => [reason, status]), [["oversized", 413], [
        "refused",
        400
      ]])
      const names = entries.map((entry) => JSON.parse(entry.event!).spans[0].name)
      assert.strictEqual(new Set([...names, ...Observed.names(agent)]).size, 3)
      // All of an event is there: somebody who corrects the cause can send it again.
      assert.strictEqual(JSON.parse(entries[0]!.event!).spans[0].meta.output.messages[0].content, "an answer")
      // The whole, its halves, and those of the one that has two.
    }).pipe(Effect.provide(Observed.dev({ apm: "off", agent: { evpStatus: [400, 413, 400, 400, 202] } }))))

  it.live("gives no event that was delivered in the end", () =>
    Effect.gen(function*() {
      yield* call("one")
      yield* LLMObs.flush
      assert.deepStrictEqual(yield* LLMObs.setAside, [])
    }).pipe(Effect.provide(Observed.dev({ apm: "off", agent: { evpStatus: [503, 502] } }))))

  it("is empty without a layer", () => {
    assert.deepStrictEqual(Effect.runSync(LLMObs.setAside), [])
  })
})
