import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as Glob from "../../../src/domain/sampling/Glob.ts"
import * as Work from "../Work.ts"

const matches = (pattern: string, text: string): boolean => Glob.matches(Glob.make(pattern), text)

// The definition itself, in exponential time.
const defined = (pattern: string, text: string): boolean =>
  pattern === ""
    ? text === ""
    : pattern[0] === "*"
    ? defined(pattern.slice(1), text) || (text !== "" && defined(pattern, text.slice(1)))
    : text !== "" && (pattern[0] === "?" || pattern[0] === text[0]) && defined(pattern.slice(1), text.slice(1))

describe("Glob", () => {
  it.each<readonly [string, string, boolean]>([
    ["shop", "shop", true],
    ["shop", "SHOP", true],
    ["Shop", "shop2", false],
    ["gold*", "GOLD-1", true],
    ["gold*", "gold", true],
    ["*gold", "all that is gold", true],
    ["g??d", "good", true],
    ["g??d", "god", false],
    ["*", "", true],
    ["", "", true],
    ["", "x", false],
    ["?", "", false],
    ["**a**", "bab", true],
    ["a.c", "abc", false],
    ["GET /*/x?", "get /users/7/x1", true]
  ])("matches the whole text, in any case: %j against %j is %s", (pattern, text, expected) => {
    assert.strictEqual(matches(pattern, text), expected, `${pattern} ~ ${text}`)
  })

  it("recognises the patterns that match any text", () => {
    assert.isTrue(Glob.make("***").anything)
    assert.isFalse(Glob.make("*?").anything)
  })

  it.prop(
    "agrees with a naive matcher for any pattern and text",
    [
      Schema.Array(Schema.Literals(["a", "b", "*", "?"])).check(Schema.isMaxLength(6)),
      Schema.Array(Schema.Literals(["a", "b"])).check(Schema.isMaxLength(8))
    ],
    ([pattern, text]) => {
      assert.strictEqual(matches(pattern.join(""), text.join("")), defined(pattern.join(""), text.join("")))
    },
    { arbitrary: { runs: 500 } }
  )

  it("matches a pattern of many stars quickly on a long text that almost matches", () => {
    Work.count(() => {
      assert.isFalse(matches("a*".repeat(400) + "b", "a".repeat(20_000)))
      assert.isTrue(matches("a*".repeat(400) + "b", "a".repeat(20_000) + "b"))
    }, 1_000_000)
  })
})
