import { assert, describe, it } from "@effect/vitest"
import * as SourceFile from "../../scripts/SourceFile.ts"
import { missing } from "./Documentation.ts"

const files = SourceFile.readAll("src")
const banned = new Set(["Utils", "Util", "Common", "Helpers", "Helper", "Misc", "Types"])

const module = "/**\n * About.\n *\n * @since 0.1.0\n */\n"
const tags = "/**\n * It is.\n *\n * @category models\n * @since 0.1.0\n */\n"

describe("the documentation of src", () => {
  it("finds a block about every module and every export of src", () => {
    assert.deepStrictEqual(files.flatMap((file) => missing(file.path, file.text)), [])
  })

  it("finds every file of src named after its one concept", () => {
    const names = files.map((file) => file.path.split("/").at(-1)!.slice(0, -".ts".length))
    assert.deepStrictEqual(names.filter((name) => name !== "index" && !/^[A-Z][A-Za-z0-9]*$/.test(name)), [])
    assert.deepStrictEqual(names.filter((name) => banned.has(name)), [])
  })
})

describe("Documentation", () => {
  it("accepts a documented file", () => {
    const list =
      "const c = 1\nexport {\n  /**\n   * It is.\n   *\n   * @category models\n   * @since 0.1.0\n   */\n  c as void\n}\n"
    const overloads = `${tags}export function f(a: 1): 1\nexport function f(a: 2): 2\n`
    assert.deepStrictEqual(missing("a", `${module}\n${tags}export const a = 1\n\n${overloads}\n${list}`), [])
  })

  const refused: ReadonlyArray<readonly [name: string, text: string]> = [
    ["a file without a block of its own", `${tags}export const a = 1\n`],
    ["a block of the module without @since", `/**\n * About.\n */\n${tags}export const a = 1\n`],
    ["an export without a block", `${module}export const a = 1\n`],
    ["an export below the block of another", `${module}${tags}export const a = 1\nexport const b = 1\n`],
    ["an export without a category", `${module}${tags.replace(/ \* @category.*\n/, "")}export type A = 1\n`],
    ["an export with two categories", `${module}${tags.replace(/( \* @category.*\n)/, "$1$1")}export type A = 1\n`],
    ["an export without a version", `${module}${tags.replace(/ \* @since.*\n/, "")}export type A = 1\n`],
    ["a category that says nothing", `${module}${tags.replace("models", "utils")}export interface A {}\n`],
    ["a block that holds nothing but tags", `${module}${tags.replace(" * It is.\n *\n", "")}export type A = 1\n`],
    ["an undocumented export in a list", `${module}const a = 1\nexport { a }\n`]
  ]
  it("demands no tags in files that cannot be imported, and no block for a file's own concept and its make", () => {
    const text =
      "/**\n * About.\n */\nexport interface Lane {}\nexport const make = 1\n/** The first. */\nexport const a = 1\n"
    assert.deepStrictEqual(missing("src/engine/lane/Lane.ts", text), [])
    assert.lengthOf(missing("src/ports/Lane.ts", text), 6)
  })

  it("demands a block of every other export in files that cannot be imported", () => {
    const text = `${module}const x = 1\nexport const a = x\n/** It is. */\nexport const b = 1\n`.replace(
      " *\n * @since 0.1.0\n",
      ""
    )
    assert.lengthOf(missing("src/adapters/sqlite/Lane.ts", text), 1)
  })

  it("refuses tags in files that cannot be imported", () => {
    const text = `/**\n * About.\n */\n${tags}export const a = 1\n`
    assert.deepStrictEqual(missing("src/engine/lane/Lane.ts", text), [
      "src/engine/lane/Lane.ts:4: a block of a file that cannot be imported has tags"
    ])
  })

  for (const [name, text] of refused) {
    it(`refuses ${name}`, () => {
      assert.lengthOf(missing("a", text), 1)
    })
  }
})
