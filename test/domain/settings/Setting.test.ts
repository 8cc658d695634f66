import { assert, describe, it } from "@effect/vitest"
import type { Problem } from "../../../src/domain/Problem.ts"
import * as Reader from "../../../src/domain/settings/Reader.ts"
import * as Setting from "../../../src/domain/settings/Setting.ts"

type Given = { readonly [name: string]: unknown }

const take = <A, F, G>(setting: Setting.Setting<A, F, G>, options: Given, variables: Given = {}) => {
  const problems: Array<Problem> = []
  const value = Setting.take(
    setting,
    (name) => options[name],
    (name) => variables[name] as string | undefined,
    problems
  )
  return { value, codes: problems.map(({ code }) => code), messages: problems.map(({ message }) => message) }
}

const size: Setting.Setting<number, number> = {
  options: ["size", "oldSize"],
  variables: ["DD_SIZE", "DD_OLD_SIZE"],
  read: Reader.number((n) => n > 0, "a number above 0"),
  fallback: 10,
  about: ""
}

describe("Setting", () => {
  it("asks options before variables, each in their order, and ends with its default", () => {
    const variables = { DD_SIZE: "3", DD_OLD_SIZE: "4" }
    assert.strictEqual(take(size, { size: 1, oldSize: 2 }, variables).value, 1)
    assert.strictEqual(take(size, { oldSize: 2 }, variables).value, 2)
    assert.strictEqual(take(size, {}, variables).value, 3)
    assert.strictEqual(take(size, {}, { DD_OLD_SIZE: "4" }).value, 4)
    assert.deepStrictEqual(take(size, {}), { value: 10, codes: [], messages: [] })
  })

  it("reports an unreadable value by its source and its type, and asks the next source", () => {
    assert.deepStrictEqual(take(size, { size: "secret" }, { DD_SIZE: "-3", DD_OLD_SIZE: "4" }), {
      value: 4,
      codes: ["invalid_option", "invalid_setting"],
      messages: [
        "The option size must be a number above 0, but is a text of 6 characters. It is ignored.",
        "DD_SIZE must be a number above 0, but is a text of 2 characters. It is ignored."
      ]
    })
  })

  it("stops at an unreadable value if the setting declares so", () => {
    const strict: Setting.Setting<number, number, undefined> = { ...size, refused: { value: undefined } }
    assert.strictEqual(take(strict, { size: -1 }, { DD_SIZE: "3" }).value, undefined)
    assert.strictEqual(take(strict, {}).value, 10)
  })

  it("trims text and treats blank text as missing, unless the setting reads blank text", () => {
    const words: Setting.Setting<ReadonlyArray<string>, undefined> = {
      options: ["words"],
      read: Reader.list,
      fallback: undefined,
      about: ""
    }
    assert.deepStrictEqual(take(words, { words: " a, b ,,\n" }).value, ["a", "b"])
    assert.deepStrictEqual(take(words, { words: " \n" }), { value: undefined, codes: [], messages: [] })
    assert.deepStrictEqual(take({ ...words, readsBlank: true }, { words: " \n" }).value, [])
  })

  it("survives a source that throws", () => {
    const problems: Array<Problem> = []
    const bad = () => {
      throw new Error("secret")
    }
    assert.strictEqual(Setting.take(size, bad, bad, problems), 10)
    assert.strictEqual(problems.length, 4)
    assert.notInclude(JSON.stringify(problems), "secret")
  })
})

describe("Reader", () => {
  const read = <A>(reader: Setting.Reader<A>, given: unknown) => reader(given, { kind: "variable", name: "DD_X" }).value

  it("reads true, 1, false and 0 as booleans in any case, as text or as values", () => {
    for (const given of [true, 1, "1", "TRUE", "true"]) assert.strictEqual(read(Reader.boolean, given), true)
    for (const given of [false, 0, "0", "False"]) assert.strictEqual(read(Reader.boolean, given), false)
    for (const given of ["yes", "2", 2, {}, null]) assert.isUndefined(read(Reader.boolean, given))
  })

  it("reads no endless text, no list and no other text as a number", () => {
    const any = Reader.number(() => true, "a number")
    assert.strictEqual(read(any, "1e3"), 1_000)
    assert.strictEqual(read(any, Infinity), Infinity)
    for (const given of ["Infinity", "NaN", "0".repeat(41), [], true, "1 2"]) assert.isUndefined(read(any, given))
  })

  it("reads words in any case", () => {
    const mode = Reader.oneOf(["dropNewest", "off"])
    assert.strictEqual(read(mode, "OFF"), "off")
    assert.strictEqual(read(mode, "dropnewest"), "dropNewest")
    assert.isUndefined(read(mode, "on"))
  })

  it("shortens a wait that is too long for a timer, and reports it", () => {
    const found = Reader.seconds("1e9", { kind: "variable", name: "DD_X" })
    assert.strictEqual(found.value, 2_147_483_647)
    assert.strictEqual(found.problems.length, 1)
    assert.strictEqual(read(Reader.seconds, "2147483.647"), 2_147_483_647)
  })
})
