import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import * as Path from "node:path"
import { examplesOf, withAssertions } from "../../scripts/DocumentedExamples.ts"
import { readAll, root } from "../../scripts/SourceFile.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"

const pages = existsSync(Path.join(root, "docs"))
  ? readdirSync(Path.join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md") && !/^api./.test(name))
    .map((name) => `docs/${name.split(Path.sep).join("/")}`)
  : []
const paths = [...readAll("src").map((file) => file.path), ...pages, "README.md"]
  .filter((path) => existsSync(Path.join(root, path)))

// Examples that read the variables find an Agent, as they would on a reader's machine.
const runtime = ManagedRuntime.make(LLMObs.layerDev({ mlApp: "examples", print: false }))
const agent = () => runtime.runPromise(LLMObs.DevAgent)

beforeAll(async () => {
  process.env["DD_TRACE_AGENT_URL"] = (await agent()).url
})

afterAll(async () => {
  delete process.env["DD_TRACE_AGENT_URL"]
  await runtime.dispose()
})

describe("the examples of the documentation", () => {
  for (const path of paths) {
    const file = Path.join(root, path)
    examplesOf(readFileSync(file, "utf8")).forEach((example, index) => {
      it(`gives the values that the example shows: ${path}, line ${example.line}`, async () => {
        assert.isAbove(withAssertions(example.code).assertions, 0, "an example shows at least one value by `// =>`")
        await import(/* @vite-ignore */ `${file}?example=${index}&lang.ts`)
      })
    })
  }

  it("delivers the first span of the README to the Agent that the variables name", async () => {
    await import(/* @vite-ignore */ `${Path.join(root, "README.md")}?example=0&lang.ts`)
    const [span, ...more] = (await agent()).spans({ name: "chat" })
    assert.deepStrictEqual(more, [])
    assert.deepStrictEqual([span?.mlApp, span?.model, span?.input.messages, span?.output.messages], [
      "shop",
      "gpt-5",
      [{ role: "user", content: "Where is my parcel?" }],
      [{ role: "assistant", content: "It arrives tomorrow." }]
    ])
  })

  it("runs every block of TypeScript of the README", () => {
    const blocks = readFileSync(Path.join(root, "README.md"), "utf8").match(/^```ts.*$/gm)
    assert.deepStrictEqual([...new Set(blocks)], ["```ts import.meta.vitest"])
  })

  it("looks for examples in every file of src and in every page", () => {
    assert.isAbove(paths.length, 50)
  })
})

const fenced = [
  "/**",
  " * ```ts import.meta.vitest",
  " * const a = [",
  " *   1",
  " * ]",
  " *",
  " * a // => [1]",
  " * ```",
  " */"
]

describe("Examples", () => {
  it("finds a block in a comment and in a page", () => {
    const code = "const a = [\n  1\n]\n\na // => [1]"
    assert.deepStrictEqual(examplesOf(fenced.join("\n")), [{ code, line: 2 }])
    assert.deepStrictEqual(examplesOf(["# Title", "```ts import.meta.vitest", code, "```"].join("\n")), [{
      code,
      line: 2
    }])
  })

  it("leaves other blocks alone", () => {
    assert.deepStrictEqual(examplesOf("```ts\nconst a = 1\n```"), [])
  })

  it("turns shown values into assertions, over several lines too", () => {
    const { assertions, code } = withAssertions("const a = 1\nArray.of(\n  a\n) // => [1]\na // a remark\n")
    assert.strictEqual(assertions, 1)
    assert.include(code, ".deepStrictEqual(Array.of(\n  a\n), [1])")
    assert.include(code, "a // a remark")
  })

  it("fails for a value that is wrong", async () => {
    const file = Path.join(import.meta.dirname, "wrong-example.md")
    const caught = await import(/* @vite-ignore */ `${file}?example=0&lang.ts`).then(() => undefined, (error) => error)
    assert.instanceOf(caught, Error)
    assert.include(String(caught), "expected 2 to deeply equal 3")
  })
})
