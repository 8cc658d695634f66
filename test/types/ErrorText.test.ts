import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"

const root = Path.resolve(import.meta.dirname, "../..")

/** The text that the compiler shows for a program, which sees the sources of this package. */
const errorsOf = (program: string): string => {
  const folder = Fs.mkdtempSync(Path.join(Os.tmpdir(), "error-text-"))
  try {
    Fs.symlinkSync(Path.join(root, "node_modules"), Path.join(folder, "node_modules"))
    Fs.writeFileSync(Path.join(folder, "package.json"), "{ \"type\": \"module\" }")
    Fs.writeFileSync(
      Path.join(folder, "program.ts"),
      program.replaceAll("effect-llmobs", Path.join(root, "src/layers"))
    )
    Fs.writeFileSync(
      Path.join(folder, "tsconfig.json"),
      JSON.stringify({
        extends: Path.join(root, "tsconfig.json"),
        include: ["program.ts"],
        compilerOptions: { rewriteRelativeImportExtensions: false }
      })
    )
    const compiler = Path.join(root, "node_modules/typescript/bin/tsc")
    const arguments_ = [compiler, "-p", folder, "--pretty", "false"]
    return spawnSync(process.execPath, arguments_, { cwd: folder, encoding: "utf8", timeout: 120_000 }).stdout
  } finally {
    Fs.rmSync(folder, { recursive: true })
  }
}

describe("the compiler's error for a wrong output", () => {
  it(
    "names the type that the function takes and the type that the effect or the stream gives",
    { timeout: 130_000 },
    () => {
      const text = errorsOf(`
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as LLMObs from "effect-llmobs/LLMObs.ts"
import * as LLMObsStream from "effect-llmobs/LLMObsStream.ts"
export const effect = Effect.succeed(7).pipe(LLMObs.llm("chat", { output: (text: string) => text }))
export const call = Effect.fn(function*() { return 7 }, LLMObs.llm("chat", { output: (text: string) => text }))
export const stream = Stream.make(7).pipe(LLMObsStream.llm("chat", { output: (texts: ReadonlyArray<string>) => texts }))
`)
      const errors = text.split(/^(?=\S)/m)
      assert.deepStrictEqual(errors.map((error) => error.slice(0, 13)), [
        "program.ts(6,",
        "program.ts(7,",
        "program.ts(8,"
      ], text)
      for (const error of errors) {
        assert.include(error, "Types of parameters")
        assert.include(error, "Type 'number' is not assignable to type 'string'.")
        assert.notInclude(error, "'never'")
      }
    }
  )
})
