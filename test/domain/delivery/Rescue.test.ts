import { assert, describe, it } from "@effect/vitest"
import * as Rescue from "../../../src/domain/delivery/Rescue.ts"
import * as RescueSchema from "../../../src/domain/schema/Rescue.ts"

/** An LLM span with a record in a kept trace, beside an Agent. */
const facts: Rescue.Facts = {
  llm: true,
  claim: "none",
  record: true,
  mode: "apm-agent",
  canRide: true,
  structBytes: 1_000,
  priority: 1,
  filtered: false
}

const decide = (changes: Partial<Rescue.Facts> = {}) => Rescue.decide({ ...facts, ...changes })
const offer = (rule: Rescue.RuleName) => ({ _tag: "Offer", rule }) as const
const ride = { _tag: "Ride" } as const

describe("Rescue", () => {
  it("keeps its rows in the documented order", () => {
    assert.deepStrictEqual(Rescue.rules.map((rule) => rule.name), [
      "not-an-llm-span",
      "taken-by-the-outbox",
      "no-record",
      "nothing-to-ride-on",
      "struct-too-large",
      "agentless-apm",
      "predicted-drop",
      "ride"
    ])
  })

  it("leaves a span that is not an LLM span alone, whatever its other facts", () => {
    assert.deepStrictEqual(decide({ llm: false, claim: "outbox", record: false, priority: -1 }), { _tag: "Untouched" })
  })

  it("scrubs and marks a span whose event the outbox has taken", () => {
    assert.deepStrictEqual(decide({ claim: "outbox" }), { _tag: "Scrub", submitted: true })
    assert.deepStrictEqual(decide({ claim: "outbox", record: false }), { _tag: "Scrub", submitted: true })
  })

  it("scrubs without a mark a span whose event has no record or was dropped", () => {
    assert.deepStrictEqual(decide({ record: false }), { _tag: "Scrub", submitted: false })
    assert.deepStrictEqual(decide({ record: false, priority: -1 }), { _tag: "Scrub", submitted: false })
    assert.deepStrictEqual(decide({ claim: "dropped" }), { _tag: "Scrub", submitted: false })
  })

  it("offers an event that has no trace to ride on", () => {
    assert.deepStrictEqual(decide({ canRide: false }), offer("nothing-to-ride-on"))
    for (const mode of ["llmobs-agent-proxy", "llmobs-agentless"] as const) {
      assert.deepStrictEqual(decide({ mode }), offer("nothing-to-ride-on"))
    }
    assert.deepStrictEqual(decide({ mode: "apm-agentless", canRide: false }), offer("nothing-to-ride-on"))
  })

  it("offers a struct above 1 MB, and lets one of exactly 1 MB ride", () => {
    assert.deepStrictEqual(decide({ structBytes: 1_000_000 }), ride)
    assert.deepStrictEqual(decide({ structBytes: 1_000_001 }), offer("struct-too-large"))
    assert.deepStrictEqual(decide({ structBytes: 1_000_001, mode: "apm-agentless" }), offer("struct-too-large"))
  })

  it("lets an event ride a rejected trace without an Agent, because the trace intake keeps it", () => {
    for (const priority of [-1, 0, undefined]) assert.deepStrictEqual(decide({ mode: "apm-agentless", priority }), ride)
    assert.deepStrictEqual(decide({ mode: "apm-agentless", filtered: true }), ride)
  })

  it("offers an event when the Agent will drop the trace: rejected, undecided, or filtered", () => {
    for (const priority of [-1, 0, undefined, -128]) {
      assert.deepStrictEqual(decide({ priority }), offer("predicted-drop"))
    }
    assert.deepStrictEqual(decide({ filtered: true, priority: 2 }), offer("predicted-drop"))
    for (const priority of [1, 2]) assert.deepStrictEqual(decide({ priority }), ride)
  })

  it("predicts a drop for the Agent alone, because the trace intake keeps every trace", () => {
    assert.isTrue(Rescue.predictsDrop({ ...facts, priority: 0 }))
    assert.isTrue(Rescue.predictsDrop({ ...facts, filtered: true }))
    assert.isFalse(Rescue.predictsDrop(facts))
    assert.isFalse(Rescue.predictsDrop({ ...facts, mode: "apm-agentless", priority: -1, filtered: true }))
  })

  it.prop("lets a riding event ride on, whatever has changed since", [RescueSchema.Facts], ([any]) => {
    assert.deepStrictEqual(Rescue.decide({ ...any, llm: true, record: true, claim: "riding" }), ride)
  })

  it.prop("decides any facts by the first row that matches", [RescueSchema.Facts], ([any]) => {
    const row = Rescue.rules.find((rule) => rule.when(any))!
    assert.strictEqual(Rescue.decide(any), row.verdict)
    if (row.verdict._tag === "Offer") assert.strictEqual(row.verdict.rule, row.name)
  })
})
