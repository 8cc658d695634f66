import { assert, describe, it } from "@effect/vitest"
import { rolldown } from "rolldown"
import * as ParseCost from "../../scripts/ParseCost.ts"

/** A module as the build writes it. */
const built = async (source: string): Promise<string> => {
  const bundle = await rolldown({
    input: "/module.ts",
    platform: "neutral",
    logLevel: "silent",
    plugins: [{ name: "source", resolveId: (id) => id, load: () => source }, ParseCost.plugin]
  })
  const { output } = await bundle.generate({ format: "esm", comments: false })
  await bundle.close()
  return output[0].code.replace(/\s+/g, " ").trim()
}

const rewritten = (source: string): Promise<string> =>
  built(`export const f = ${source}`).then((code) => /const f = (.*?);(?: \/\/#endregion)? export/.exec(code)![1]!)

describe("the functions that the build writes", () => {
  for (
    const [name, source, expected] of [
      ["a body", "(a: number): number => { return a }", "function(a) { return a; }"],
      ["an expression", "(a: number) => a + 1", "function(a) { return a + 1; }"],
      ["a bare parameter", "a => a", "function(a) { return a; }"],
      ["an object", "() => ({ a: 1 })", "function() { return { a: 1 }; }"],
      ["a type parameter and a predicate", "<A,>(a: A): a is A => true", "function(a) { return true; }"],
      ["async", "async (a: number) => await a", "async function(a) { return await a; }"],
      ["async with a bare parameter", "async a => a", "async function(a) { return a; }"],
      ["a comment before its expression", "(a: number) =>\n  // Why.\n  a", "function(a) { return a; }"],
      ["another arrow function inside", "(a: number) => () => a", "function(a) { return () => a; }"],
      ["a default that is a function", "(a = () => 1) => a", "function(a = () => 1) { return a; }"]
    ] as const
  ) {
    it(`are function expressions in place of an arrow function with ${name}`, async () => {
      assert.strictEqual(await rewritten(source), expected)
    })
  }

  it("stay arrow functions inside of others, in classes, and where they name `arguments`", async () => {
    for (
      const source of [
        "function(a) { return () => a; }",
        "class { a = () => 1; }",
        "() => arguments"
      ]
    ) {
      assert.strictEqual(await rewritten(source), source)
    }
  })

  it("cannot hold a regular expression with a property of Unicode", async () => {
    const refused = await built("export const f = () => /[\\p{Cf}]/u").then(() => "built", String)
    assert.include(refused, "give [\\p{Cf}] to new RegExp")
    assert.strictEqual(await rewritten("() => /[\\u0000]/u"), "function() { return /[\\u0000]/u; }")
  })
})
