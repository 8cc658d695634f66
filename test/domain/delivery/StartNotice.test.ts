import { assert, describe, it } from "@effect/vitest"
import type { Route } from "../../../src/domain/delivery/StartNotice.ts"
import * as StartNotice from "../../../src/domain/delivery/StartNotice.ts"

describe("StartNotice", () => {
  const agent = "http://localhost:8126"
  const rows: ReadonlyArray<readonly [Route, string]> = [
    [{ _tag: "Agent", agent, version: "7.60.0" }, "to the Datadog Agent 7.60.0 at http://localhost:8126"],
    [{ _tag: "Agent", agent, version: undefined }, "to the Datadog Agent at http://localhost:8126"],
    [
      { _tag: "Searching", agent, reason: "ECONNREFUSED" },
      "looking for a Datadog Agent at http://localhost:8126 (ECONNREFUSED)"
    ],
    [
      { _tag: "Direct", intake: "the LLM intake of datadoghq.eu", ready: true },
      "to the LLM intake of datadoghq.eu, without an Agent"
    ],
    [{ _tag: "Direct", intake: "", ready: false }, "without an Agent; a key or a site is missing"],
    [{ _tag: "Queue" }, "to the queue of relays in Redis"],
    [{ _tag: "Plugged" }, "to the writers that the program provides"]
  ]
  for (const [route, words] of rows) {
    it(`names the receiver of events for the route ${JSON.stringify(route)}`, () => {
      assert.strictEqual(
        StartNotice.render("app shop, service shop-api", route, undefined),
        `Started: app shop, service shop-api, ${words}. Events are held in memory, not durable.`
      )
    })
  }

  it("names the durability of the outbox", () => {
    assert.include(StartNotice.render("app shop", { _tag: "Queue" }, {}), "Events are durable (process).")
    assert.include(
      StartNotice.render("app shop", { _tag: "Queue" }, { durability: "power" }),
      "Events are durable (power)."
    )
  })

  it("stays one line for any text of an Agent or a setting", () => {
    const line = StartNotice.render("app a\nb", { _tag: "Agent", agent, version: `7\u2028\r${"x".repeat(1_000)}` }, {})
    assert.isFalse(/[\p{Cc}\u2028]/u.test(line))
    assert.isBelow(line.length, 500)
  })
})
