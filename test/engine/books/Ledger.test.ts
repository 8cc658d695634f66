import { assert, describe, it } from "@effect/vitest"
import * as Domain from "../../../src/domain/delivery/Ledger.ts"
import * as Ledger from "../../../src/engine/books/Ledger.ts"

describe("Ledger", () => {
  it("starts empty", () => {
    assert.deepStrictEqual(Ledger.make().snapshot(), Domain.empty)
  })

  it("asks each attached part for its pending events at the moment of the snapshot", () => {
    const ledger = Ledger.make()
    let held = 1
    ledger.attach({ chunk: () => held })
    ledger.attach({ payload: () => held * 10, outbox: () => held * 100 })
    assert.deepStrictEqual(ledger.snapshot().pending, { chunk: 1, payload: 10, outbox: 100 })
    held = 2
    assert.deepStrictEqual(ledger.snapshot().pending, { chunk: 2, payload: 20, outbox: 200 })
  })

  it("does not balance when an event is missing", () => {
    const ledger = Ledger.make()
    ledger.enqueued++
    assert.isFalse(Domain.balances(ledger.snapshot()))
    ledger.drop("expired")
    assert.isTrue(Domain.balances(ledger.snapshot()))
  })

  it("counts drops by reason and calls its listener, but not for zero events", () => {
    const told: Array<readonly [Domain.DropReason, number]> = []
    const ledger = Ledger.make((reason, events) => told.push([reason, events]))
    ledger.drop("refused", 3)
    ledger.drop("refused")
    ledger.drop("expired", 0)
    assert.deepStrictEqual(told, [["refused", 3], ["refused", 1]])
    assert.deepStrictEqual(ledger.snapshot().dropped, { ...Domain.empty.dropped, refused: 4 })
  })

  it("gives snapshots that do not change, and shares no state with another ledger", () => {
    const ledger = Ledger.make()
    const before = ledger.snapshot()
    ledger.enqueued += 5
    ledger.deliveredAgent += 2
    ledger.deliveredIntake += 2
    ledger.drop("oversized")
    assert.deepStrictEqual(before, Domain.empty)
    assert.deepStrictEqual(Ledger.make().snapshot(), Domain.empty)
    assert.isTrue(Domain.balances(ledger.snapshot()))
  })
})
