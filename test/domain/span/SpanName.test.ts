import { assert, describe, it } from "@effect/vitest"
import * as SpanName from "../../../src/domain/span/SpanName.ts"
import * as HostileValue from "../HostileValue.ts"

describe("SpanName", () => {
  it("converts any span name to text", () => {
    assert.strictEqual(SpanName.fromUnknown("chat"), "chat")
    assert.strictEqual(SpanName.fromUnknown(Symbol("chat")), "Symbol(chat)")
    for (const value of HostileValue.each()) assert.isString(SpanName.fromUnknown(value))
  })
})
