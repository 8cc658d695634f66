import { assert, describe, it } from "@effect/vitest"
import * as Data from "effect/Data"
import * as SpanError from "../../../src/domain/span/SpanError.ts"
import * as HostileValue from "../HostileValue.ts"

class Refused extends Data.TaggedError("Refused")<{ readonly message: string }> {}
class Plain extends Error {}

const short = (u: unknown) => {
  const { message, type } = SpanError.fromUnknown(u)
  return [type, message]
}

describe("SpanError", () => {
  const tagged = Object.assign(new Error("tagged"), { _tag: "Tag" })
  const errors: ReadonlyArray<readonly [unknown, string, string]> = [
    [new TypeError("bad value"), "TypeError", "bad value"],
    [new Error("plain"), "Error", "plain"],
    [new Error(""), "Error", ""],
    [new Plain("sub"), "Plain", "sub"],
    [new Refused({ message: "no" }), "Refused", "no"],
    [tagged, "Tag", "tagged"],
    [Object.assign(new RangeError("r"), { _tag: "Tag" }), "RangeError", "r"],
    [{ _tag: "NotFound", id: 7 }, "NotFound", "{\"_tag\":\"NotFound\",\"id\":7}"],
    [{ message: "m" }, "Object", "m"],
    [Object.create(null), "Object", "{}"],
    ["boom", "string", "boom"],
    [5, "number", "5"],
    [undefined, "undefined", "undefined"],
    [null, "null", "null"]
  ]
  for (const [thrown, type, message] of errors) {
    it(`names the error by its name, its tag or its class: ${type} with the message ${JSON.stringify(message)}`, () => {
      assert.deepStrictEqual(short(thrown), [type, message])
    })
  }

  it("writes the stack, with the causes", () => {
    const { stack } = SpanError.fromUnknown(new Error("outer", { cause: new TypeError("inner") }))
    assert.include(stack, "Error: outer\n    at ")
    assert.include(stack, "\n[cause]: TypeError: inner\n    at ")
    assert.strictEqual(SpanError.fromUnknown("boom").stack, "")
  })

  it("stops at causes that form a cycle, and survives getters that throw", () => {
    const round = new Error("round")
    round.cause = round
    assert.isBelow(SpanError.fromUnknown(round).stack.length, 32_769)
    const hostile = new Proxy(new Error("x"), {
      get: () => {
        throw new Error("hostile")
      }
    })
    assert.deepStrictEqual(SpanError.fromUnknown(hostile), {
      type: "Object",
      message: "[this value could not be read]",
      stack: ""
    })
  })

  it("cuts texts that are too long", () => {
    const long = Object.assign(new Error("m".repeat(100_000)), { name: "n".repeat(1_000), stack: "s".repeat(100_000) })
    const { message, stack, type } = SpanError.fromUnknown(long)
    assert.deepStrictEqual([type.length, message.length, stack.length], [256, 32_768, 32_768])
  })

  it.prop("gives bounded well-formed texts for any value", [HostileValue.arbitrary], ([thrown]) => {
    for (const u of [thrown, { message: thrown, stack: thrown, name: thrown, cause: thrown, _tag: thrown }]) {
      const { message, stack, type } = SpanError.fromUnknown(u)
      for (const text of [message, stack, type]) assert.isTrue(text.isWellFormed() && text.length <= 32_768)
      assert.notStrictEqual(type, "")
    }
  }, { arbitrary: { runs: 500 } })
})
