import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as DdTags from "../../../src/domain/span/DdTags.ts"

describe("DdTags", () => {
  const texts: ReadonlyArray<readonly [string, { [key: string]: string }]> = [
    ["team:core,region:eu", { team: "core", region: "eu" }],
    ["team:core region:eu", { team: "core", region: "eu" }],
    ["team:core\tregion:eu\ntier:1\r\nd:e", { team: "core", region: "eu", tier: "1", d: "e" }],
    ["a:b,c:d e:f", { a: "b", c: "d e:f" }],
    ["env:test     bKey :bVal dKey: dVal cKey:", { env: "test", bKey: "", dKey: "", dVal: "", cKey: "" }],
    ["env :test, aKey : aVal bKey:bVal cKey:", { env: "test", aKey: "aVal bKey:bVal cKey:" }],
    ["env:keyWith:  , ,   Lots:Of:Colons ", { env: "keyWith:", Lots: "Of:Colons" }],
    ["a,1", { a: "", 1: "" }],
    ["a:1,a:2", { a: "2" }],
    ["", {}],
    [" , ,", {}]
  ]
  for (const [text, tags] of texts) {
    it(`splits DD_TAGS at commas, or at white space if there is no comma: ${JSON.stringify(text)}`, () => {
      assert.deepStrictEqual(DdTags.parse(text).value, tags, text)
    })
  }

  it("gives no tags for a missing DD_TAGS", () => {
    assert.deepStrictEqual(DdTags.parse(undefined), { value: {}, problems: [] })
  })

  it("reports a value without a key", () => {
    const { problems, value } = DdTags.parse(":v,a:b")
    assert.deepStrictEqual(value, { a: "b" })
    assert.deepStrictEqual(problems.map((p) => p.code), ["invalid_setting"])
  })

  it("reads __proto__ as a key like any other", () => {
    const { value } = DdTags.parse("__proto__:x,a:b")
    assert.deepStrictEqual(Object.entries(value), [["__proto__", "x"], ["a", "b"]])
    assert.strictEqual(Object.getPrototypeOf(value), Object.prototype)
  })

  it("ignores a text that is too long", () => {
    const { problems, value } = DdTags.parse("a:b,".repeat(20_000))
    assert.deepStrictEqual(value, {})
    assert.strictEqual(problems.length, 1)
  })

  it.prop("gives keys that are trimmed and not empty", [Schema.String], ([text]) => {
    for (const key of Object.keys(DdTags.parse(text).value)) assert.isTrue(key !== "" && key === key.trim())
  })
})
