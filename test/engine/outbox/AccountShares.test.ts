import { assert, describe, it } from "@effect/vitest"
import * as AccountShares from "../../../src/engine/outbox/AccountShares.ts"
import * as ByteBudget from "../../../src/engine/outbox/ByteBudget.ts"
import { makeContext, makeRecord } from "../../domain/Records.ts"
import { measure } from "../Scene.ts"

const event = (account: string | undefined) =>
  makeRecord({ context: makeContext({ kind: "task", name: "n", account }), annotation: { input: "x".repeat(1_000) } })
const room = (events: number) => measure(event(undefined)) * events + 100

const make = (events: number) => {
  const budget = ByteBudget.make({ limit: room(events), measure })
  return { budget, shares: AccountShares.make(budget) }
}

const fill = (budget: ByteBudget.ByteBudget, account: string | undefined) => {
  const taken = []
  for (let one = event(account); budget.reserve(one); one = event(account)) taken.push(one)
  return taken
}

describe("AccountShares", () => {
  it("gives an account a quarter of the budget, and the layer's own account all of it", () => {
    const { shares } = make(12)
    assert.strictEqual(fill(shares, "a").length, 3)
    assert.strictEqual(fill(shares, "b").length, 3)
    assert.strictEqual(fill(shares, undefined).length, 6)
  })

  it("returns a released share once, however often it is released", () => {
    const { budget, shares } = make(8)
    const taken = fill(shares, "a")
    for (const record of taken) shares.release(record)
    for (const record of taken) shares.release(record)
    assert.strictEqual(budget.used(), 0)
    assert.strictEqual(fill(shares, "a").length, taken.length)
  })

  it("charges an account's share nothing when the whole budget has no room", () => {
    const { budget, shares } = make(8)
    const own = fill(shares, undefined)
    assert.strictEqual(fill(shares, "a").length, 0)
    for (const record of own) shares.release(record)
    assert.strictEqual(fill(shares, "a").length, 2)
    assert.isAbove(budget.used(), 0)
  })
})
