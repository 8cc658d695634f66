import { assert, describe, it } from "@effect/vitest"
import * as SetAsideLog from "../../../src/engine/books/SetAsideLog.ts"

const entry = (at: number, event: string | undefined = "{}") => ({ reason: "refused", status: 400, at, event }) as const

describe("SetAsideLog", () => {
  it("gives the entries oldest first", () => {
    const log = SetAsideLog.make()
    log.add(entry(1))
    log.add(entry(2))
    assert.deepStrictEqual(log.read(), [entry(1), entry(2)])
  })

  it("keeps the newest entries, by number and by size", () => {
    const log = SetAsideLog.make()
    for (let at = 0; at < SetAsideLog.limits.events + 5; at++) log.add(entry(at))
    assert.strictEqual(log.read().length, SetAsideLog.limits.events)
    assert.strictEqual(log.read()[0]!.at, 5)
    const third = "x".repeat(SetAsideLog.limits.characters / 3)
    for (let at = 1; at <= 4; at++) log.add(entry(at, third))
    assert.deepStrictEqual(log.read().map(({ at }) => at), [2, 3, 4])
  })

  it("keeps an entry without its event when the event is too large", () => {
    const log = SetAsideLog.make()
    log.add(entry(1, "x".repeat(SetAsideLog.limits.characters + 1)))
    assert.deepStrictEqual(log.read(), [entry(1, undefined)].map((one) => ({ ...one, event: undefined })))
  })
})
