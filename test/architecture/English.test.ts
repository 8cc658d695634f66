import { assert, describe, it } from "@effect/vitest"
import * as Fs from "node:fs"
import { fileURLToPath } from "node:url"
import { hidden } from "./English.ts"

const root = fileURLToPath(new URL("../../", import.meta.url))

/** The files below a folder with one of these endings. */
const below = (folder: string, endings: RegExp): ReadonlyArray<string> =>
  Fs.readdirSync(`${root}${folder}`, { recursive: true, encoding: "utf8" })
    .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
    .filter((path) => endings.test(path) && !/node_modules|^docs\/api\/out/.test(path))

const pages = ["README.md", "SECURITY.md", "CONTRIBUTING.md"]
const programs = ["burst", "examples", "faults", "fuzz", "memory", "parametric", "replay", "scripts", "soak"]

describe("the English of comments and documentation", () => {
  it("finds no sentence of src, docs or a program that hides its subject", () => {
    const paths = [
      ...pages,
      ...below("docs", /\.md$/),
      ...below("src", /\.ts$/),
      ...programs.flatMap((folder) => below(folder, /\.(?:ts|md)$/))
    ]
    assert.isAbove(paths.length, 300)
    assert.deepStrictEqual(paths.flatMap((path) => hidden(path, Fs.readFileSync(root + path, "utf8"))), [])
  })
})

describe("hidden", () => {
  const cases: ReadonlyArray<readonly [title: string, path: string, text: string, found: ReadonlyArray<string>]> = [
    ["refuses a comment that starts with What", "a.ts", "// What is good is kept.\n", ["a.ts:1: What"]],
    ["refuses a block on one line that starts with Who", "a.ts", "/** Who asks is told. */\n", ["a.ts:1: Who"]],
    ["refuses a later sentence of a line", "a.ts", "// It is kept. Nobody knows.\n", ["a.ts:1: Nobody"]],
    ["refuses a sentence behind a colon", "a.ts", "// One rule: Whoever asks waits.\n", ["a.ts:1: Whoever"]],
    ["refuses a sentence behind a dash", "a.md", "It waits — Somebody must come.\n", ["a.md:1: Somebody"]],
    ["refuses an item of a list", "a.md", "- What is left out\n", ["a.md:1: What"]],
    ["refuses a line after a sentence that ended", "a.ts", "/**\n * Kept.\n * What is bad goes.\n */\n", [
      "a.ts:3: What"
    ]],
    ["refuses a comment behind code", "a.ts", "const a = 1 // What it is\n", ["a.ts:1: What"]],
    ["accepts a line that continues a sentence", "a.ts", "/**\n * It is known\n * What is bad.\n */\n", []],
    ["accepts the words inside a sentence", "a.ts", "// It says what is bad, and who asked.\n", []],
    ["accepts code", "a.ts", "const text = \"What is it\"\n", []],
    ["accepts an example", "a.md", "```ts\nWhat is it\n```\n", []],
    ["accepts code in a sentence", "a.md", "`What` is a name.\n", []]
  ]
  for (const [title, path, text, found] of cases) {
    it(title, () => {
      assert.deepStrictEqual(hidden(path, text), found)
    })
  }
})
