import { assert, describe, it } from "@effect/vitest"
import * as Baggage from "../../../src/domain/propagation/Baggage.ts"
import * as RumBaggage from "../../../src/domain/propagation/RumBaggage.ts"

const read = (line: string): RumBaggage.RumBaggage | undefined => RumBaggage.read(Baggage.parseLenient([line]).value)

describe("RumBaggage", () => {
  it("reads session, user and account as the browser SDK writes them", () => {
    assert.deepStrictEqual(read("session.id=0c2b,user.id=j%C3%BCrgen%20%40x,account.id=a-1"), {
      sessionId: "0c2b",
      userId: "jürgen @x",
      accountId: "a-1"
    })
  })

  it("reads each key by itself, skips a bad one, and prefers the last duplicate", () => {
    assert.deepStrictEqual(read("user.id=u"), { sessionId: undefined, userId: "u", accountId: undefined })
    assert.deepStrictEqual(read("session.id=%zz,account.id=a,account.id=b"), {
      sessionId: undefined,
      userId: undefined,
      accountId: "b"
    })
  })

  it("reads no other key", () => {
    assert.strictEqual(read("user.name=Ann,user.email=a%40b.c,Session.ID=x,usr.id=1"), undefined)
  })
})
