import { assert, describe, it } from "@effect/vitest"
import * as Ledger from "../../../src/domain/delivery/Ledger.ts"
import * as LedgerSchema from "../../../src/domain/schema/Ledger.ts"

describe("Ledger", () => {
  it("balances when it is empty", () => {
    assert.isTrue(Ledger.balances(Ledger.empty))
  })

  it("lists every reason to drop once", () => {
    assert.deepStrictEqual([...Ledger.dropReasons].sort(), Object.keys(Ledger.empty.dropped).sort())
  })

  it("sums pending, delivered and dropped events", () => {
    const ledger: Ledger.Ledger = {
      ...Ledger.empty,
      enqueued: 67,
      pending: { chunk: 1, payload: 2, outbox: 3 },
      delivered: { agent: 4, intake: 5 },
      transferred: 6,
      dropped: { outboxFull: 1, expired: 2, redaction: 4, refused: 5, closed: 7, shutdown: 8, oversized: 9, failed: 10 }
    }
    assert.strictEqual(Ledger.pending(ledger), 6)
    assert.strictEqual(Ledger.delivered(ledger), 9)
    assert.strictEqual(Ledger.dropped(ledger), 46)
    assert.isTrue(Ledger.balances(ledger))
  })

  it.prop("no longer balances when any one number of the law is off by one", [LedgerSchema.Ledger], ([any]) => {
    const rest = Ledger.delivered(any) + any.transferred + Ledger.dropped(any) + Ledger.pending(any)
    // Generated counts reach where adding one changes nothing.
    if (rest >= Number.MAX_SAFE_INTEGER - 1) return
    const ledger = { ...any, enqueued: rest }
    assert.isTrue(Ledger.balances(ledger))
    const wrong: ReadonlyArray<Ledger.Ledger> = [
      { ...ledger, enqueued: rest + 1 },
      { ...ledger, transferred: ledger.transferred + 1 },
      ...(["chunk", "payload", "outbox"] as const).map((place) => ({
        ...ledger,
        pending: { ...ledger.pending, [place]: ledger.pending[place] + 1 }
      })),
      ...(["agent", "intake"] as const).map((to) => ({
        ...ledger,
        delivered: { ...ledger.delivered, [to]: ledger.delivered[to] + 1 }
      })),
      ...Ledger.dropReasons.map((reason) => ({
        ...ledger,
        dropped: { ...ledger.dropped, [reason]: ledger.dropped[reason] + 1 }
      }))
    ]
    for (const books of wrong) assert.isFalse(Ledger.balances(books))
    const apart = { ...ledger, possibleDuplicates: 1, lastChance: 1, redelivered: 1 }
    assert.isTrue(Ledger.balances(apart))
  })
})
