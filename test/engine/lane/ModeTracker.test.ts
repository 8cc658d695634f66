import { assert, describe, it } from "@effect/vitest"
import type { AgentCapabilities } from "../../../src/domain/delivery/AgentCapabilities.ts"
import * as Capabilities from "../../../src/domain/delivery/AgentCapabilities.ts"
import * as ModeTracker from "../../../src/engine/lane/ModeTracker.ts"

const capabilities: AgentCapabilities = Capabilities.parse({ version: "7.70.0", endpoints: ["/v0.4/traces"] }).value!
const other: AgentCapabilities = Capabilities.parse({ version: "7.71.0", endpoints: ["/v0.4/traces"] }).value!

const undecided: ModeTracker.Policy = { agentless: undefined, credentials: true, giveUpMillis: 1_000 }
const found: ModeTracker.Event = { _tag: "Found", capabilities }
const notFound = (now: number): ModeTracker.Event => ({ _tag: "NotFound", now })

const run = (policy: ModeTracker.Policy, ...events: ReadonlyArray<ModeTracker.Event>): ModeTracker.State =>
  events.reduce((state, event) => ModeTracker.step(state, event, policy), ModeTracker.initial(policy, 100))

describe("ModeTracker", () => {
  it("starts with the search for an Agent, at the given time", () => {
    assert.deepStrictEqual(ModeTracker.initial(undecided, 100), { _tag: "Unknown", since: 100 })
  })

  it("follows an Agent that is found, lost, and found again", () => {
    assert.deepStrictEqual(run(undecided, found), { _tag: "Agent", capabilities })
    assert.deepStrictEqual(run(undecided, found, notFound(500)), { _tag: "Lost", capabilities, since: 500 })
    assert.deepStrictEqual(run(undecided, found, notFound(500), notFound(900)), {
      _tag: "Lost",
      capabilities,
      since: 500
    })
    assert.deepStrictEqual(run(undecided, found, notFound(500), { _tag: "Found", capabilities: other }), {
      _tag: "Agent",
      capabilities: other
    })
  })

  it("holds events while an Agent is merely late, and goes agentless only with a key and a site", () => {
    assert.strictEqual(run(undecided, notFound(1_099))._tag, "Unknown")
    assert.strictEqual(run(undecided, notFound(1_100))._tag, "Agentless")
    assert.strictEqual(run({ ...undecided, credentials: false }, notFound(1e9))._tag, "Unknown")
  })

  it("never bypasses an Agent that has answered once", () => {
    assert.strictEqual(run(undecided, found, notFound(200), notFound(1e12), { _tag: "Closing" })._tag, "Lost")
  })

  it("switches to an Agent that appears late", () => {
    assert.strictEqual(run(undecided, notFound(2_000), found)._tag, "Agent")
  })

  it("never overrides the configured mode", () => {
    const asked = { ...undecided, agentless: true }
    assert.deepStrictEqual(run(asked, found, notFound(1e9), { _tag: "Closing" }), { _tag: "Agentless" })
    const refused = { ...undecided, agentless: false }
    assert.strictEqual(run(refused, notFound(1e12), { _tag: "Closing" })._tag, "Unknown")
    assert.strictEqual(run(refused, found)._tag, "Agent")
  })

  it("decides at the end of the program without waiting", () => {
    assert.strictEqual(run(undecided, { _tag: "Closing" })._tag, "Agentless")
    assert.strictEqual(run({ ...undecided, credentials: false }, { _tag: "Closing" })._tag, "Unknown")
    assert.strictEqual(run(undecided, found, { _tag: "Closing" })._tag, "Agent")
  })
})
