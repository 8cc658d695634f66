import { assert, describe, it } from "@effect/vitest"
import * as SourceFile from "../../scripts/SourceFile.ts"

// State at the top of a module. Sets and maps with elements are tables, and those of a read-only type are empty.
const changing =
  /^(?:export )?(?:let \w+|const \w+ = new (?:WeakMap|WeakSet|AsyncLocalStorage|Map|Set)(?:<[^\n]*>)?\(\))/gm

// A thread of each copy is as good as one of all: each keeps files of its own. A context that was read never changes.
const known = [
  "adapters/sqlite/SqliteThread.ts: let thread",
  "engine/record/Surroundings.ts: const roots = new WeakMap<Context.Context<never>, Around>()"
]

describe("process state", () => {
  it("finds no module that keeps state of its own instead of sharing it between copies of the package", () => {
    const found = SourceFile.readAll("src").flatMap(({ path, text }) =>
      (text.match(changing) ?? []).map((line) => `${path.slice(path.indexOf("src/") + 4)}: ${line}`)
    )
    assert.deepStrictEqual(found, known)
  })

  it("notices a module that keeps state", () => {
    for (
      const line of ["let open = 0", "const seen = new WeakSet<object>()", "export const all = new Map<string, A>()"]
    ) {
      assert.strictEqual(line.match(changing)?.length, 1, line)
    }
    assert.isNull("const units = new Set([\"ms\"])".match(changing))
  })
})
