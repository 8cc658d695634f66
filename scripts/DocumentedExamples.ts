/**
 * The examples of the documentation, as modules that check themselves.
 *
 * An example is a block fenced by ` ```ts import.meta.vitest `, in a comment of `src` or in a Markdown page. Where a
 * statement is followed by `// => value` on its last line, its value must equal that value.
 */
import { readFileSync } from "node:fs"
import { parseSync } from "vite"
import type { Plugin } from "vite"

/** One example: its code, and the line of the file on which it begins. */
export interface Example {
  readonly code: string
  readonly line: number
}

const opening = /^(\s*(?:\* ?)?)```ts import\.meta\.vitest\s*$/

/** The examples of one file, in order. */
export const examplesOf = (text: string): ReadonlyArray<Example> => {
  const found: Array<Example> = []
  const lines = text.split("\n")
  for (let start = 0; start < lines.length; start++) {
    const prefix = opening.exec(lines[start]!)?.[1]
    if (prefix === undefined) continue
    const bare = (line: string) => line.startsWith(prefix) ? line.slice(prefix.length) : line.replace(/^\s*\*?\s*$/, "")
    const code: Array<string> = []
    let end = start + 1
    while (end < lines.length && bare(lines[end]!).trimEnd() !== "```") code.push(bare(lines[end++]!))
    if (end === lines.length) throw new Error(`The example that begins on line ${start + 1} has no end.`)
    found.push({ code: code.join("\n"), line: start + 1 })
    start = end
  }
  return found
}

/** An example with its `// => value` comments turned into assertions, and how many there are. */
export const withAssertions = (code: string): { readonly code: string; readonly assertions: number } => {
  const { errors, program } = parseSync("example.ts", code)
  if (errors.length > 0) throw new Error(`The example does not parse: ${errors[0]!.message}`)
  let out = ""
  let from = 0
  let assertions = 0
  for (const node of program.body) {
    if (node.type !== "ExpressionStatement") continue
    const lineEnd = code.indexOf("\n", node.end)
    const rest = code.slice(node.end, lineEnd === -1 ? code.length : lineEnd)
    const expected = /^\s*\/\/ => (.+)$/.exec(rest)?.[1]
    if (expected === undefined) continue
    const actual = code.slice(node.expression.start, node.expression.end)
    out += `${code.slice(from, node.start)};exampleAssert.deepStrictEqual(${actual}, ${expected});`
    from = node.end
    assertions++
  }
  return { code: `import { assert as exampleAssert } from "vitest";${out}${code.slice(from)}`, assertions }
}

const request = /^(.*)\?example=(\d+)&lang\.ts$/

/** Serves `<file>?example=<n>&lang.ts` as the n-th example of that file. */
export const documentedExamples = (): Plugin => ({
  name: "effect-llmobs:documented-examples",
  enforce: "pre",
  resolveId: (id) => request.test(id) ? id : undefined,
  load: (id) => {
    const match = request.exec(id)
    if (match === null) return undefined
    return withAssertions(examplesOf(readFileSync(match[1]!, "utf8"))[Number(match[2])]!.code).code
  }
})
