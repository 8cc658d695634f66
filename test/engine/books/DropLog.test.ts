import { assert, describe, it } from "@effect/vitest"
import * as DropLog from "../../../src/engine/books/DropLog.ts"

describe("DropLog", () => {
  it("logs drops at once, and then their number once a minute for each reason", () => {
    let now = 0
    const said: Array<readonly [string, number]> = []
    const { dropped } = DropLog.make({ now: () => now, say: (reason, events) => said.push([reason, events]) })
    dropped("outboxFull", 1)
    dropped("outboxFull", 2)
    dropped("expired", 1)
    now = DropLog.pauseMillis - 1
    dropped("outboxFull", 1)
    assert.deepStrictEqual(said, [["outboxFull", 1], ["expired", 1]])
    now = DropLog.pauseMillis
    dropped("outboxFull", 1)
    assert.deepStrictEqual(said.slice(2), [["outboxFull", 4]])
  })

  it("logs at the end, once, the drops that no line has counted", () => {
    const said: Array<readonly [string, number]> = []
    const log = DropLog.make({ now: () => 0, say: (reason, events) => said.push([reason, events]) })
    log.dropped("outboxFull", 1)
    log.dropped("outboxFull", 9_999)
    log.dropped("expired", 1)
    log.dropped("redaction", 5)
    log.end()
    log.end()
    assert.deepStrictEqual(said, [["outboxFull", 1], ["expired", 1], ["outboxFull", 9_999]])
  })

  it("logs no drop that a rule of the program decided", () => {
    const said: Array<string> = []
    const { dropped } = DropLog.make({ now: () => 0, say: (reason) => said.push(reason) })
    dropped("redaction", 1)
    assert.deepStrictEqual(said, [])
  })

  it("logs drops again when the clock was set back by hours", () => {
    let now = 10 * DropLog.pauseMillis
    const said: Array<number> = []
    const { dropped } = DropLog.make({ now: () => now, say: (_reason, events) => said.push(events) })
    dropped("outboxFull", 1)
    now = 0
    dropped("outboxFull", 3)
    assert.deepStrictEqual(said, [1, 3])
  })
})
