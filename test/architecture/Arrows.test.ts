import { assert, describe, it } from "@effect/vitest"
import manifest from "../../package.json" with { type: "json" }
import * as Chunks from "../../scripts/Chunks.ts"
import * as SourceFile from "../../scripts/SourceFile.ts"
import { cycle, violations } from "./Arrows.ts"

const files = SourceFile.readAll("src")
const dependencies = new Set<string>([...Chunks.bundled, ...Object.keys(manifest.peerDependencies)])

const of = (path: string, text: string) => violations([SourceFile.make(path, text)], new Set(["msgpackr"]))

describe("the arrows of src", () => {
  it("finds no forbidden import in any file of src", () => {
    assert.isAbove(files.length, 50)
    assert.deepStrictEqual(violations(files, dependencies), [])
  })

  it("finds no cycle among the folders of src", () => {
    assert.deepStrictEqual(cycle(files), [])
  })
})

describe("Arrows", () => {
  const refused: ReadonlyArray<readonly [name: string, path: string, text: string]> = [
    ["Effect in the domain", "src/domain/A.ts", `import * as Effect from "effect/Effect"\nexport const a = Effect`],
    ["Node in the domain", "src/domain/A.ts", `import * as fs from "node:fs"\nexport const a = fs`],
    ["a port in the domain", "src/domain/A.ts", `export * from "../ports/Outbox.ts"`],
    ["a schema in the domain", "src/domain/A.ts", `export * from "./schema/SpanEvent.ts"`],
    ["a type of a port in the domain", "src/domain/A.ts", `import type { A } from "../ports/A.ts"\nexport type B = A`],
    ["a type that is re-exported", "src/domain/A.ts", `export type {\n  A\n} from "../ports/A.ts"`],
    ["a type that is imported in place", "src/domain/A.ts", `export type A = import("../ports/A.ts").A`],
    ["a dynamic import", "src/engine/A.ts", `export const a = () => import("../adapters/agent/A.ts")`],
    ["an engine in a port", "src/ports/A.ts", `export * from "../engine/A.ts"`],
    ["an unstable module in the engine", "src/engine/A.ts", `export * from "effect/http/HttpClient"`],
    ["an unstable module at the top", "src/engine/A.ts", `export * from "effect/FileSystem"`],
    ["a package in the engine", "src/engine/A.ts", `export * from "msgpackr/pack"`],
    ["the barrel of Effect", "src/adapters/agent/A.ts", `export * from "effect"`],
    ["another adapter", "src/adapters/agent/A.ts", `export * from "../intake/A.ts"`],
    ["a layer in an adapter", "src/adapters/agent/A.ts", `export * from "../../layers/LLMObs.ts"`],
    ["an undeclared package", "src/adapters/agent/A.ts", `export * from "left-pad"`],
    ["Node in a layer", "src/layers/A.ts", `export * from "node:fs"`],
    ["a folder without a rule", "src/stuff/A.ts", `export const a = 1`]
  ]
  for (const [name, path, text] of refused) {
    it(`refuses ${name}`, () => {
      assert.lengthOf(of(path, text), 1)
    })
  }

  it("allows the imports that the design allows", () => {
    assert.deepStrictEqual(of("src/domain/A.ts", `export * from "./B.ts"`), [])
    assert.deepStrictEqual(of("src/domain/schema/A.ts", `export * from "effect/Schema"\nexport * from "../A.ts"`), [])
    assert.deepStrictEqual(
      of("src/domain/program/A.ts", `export * from "effect/Effect"\nexport * from "../../ports/A.ts"`),
      []
    )
    assert.deepStrictEqual(of("src/engine/A.ts", `export * from "effect/Effect"\nexport * from "../ports/A.ts"`), [])
    assert.deepStrictEqual(
      of("src/adapters/agent/A.ts", `export * from "msgpackr/pack"\nexport * from "node:http"`),
      []
    )
    assert.deepStrictEqual(of("src/layers/A.ts", `export const a = () => import("../adapters/agent/A.ts")`), [])
  })

  it("ignores import words in comments and texts", () => {
    assert.deepStrictEqual(
      of("src/domain/A.ts", `/**\n * import * as fs from "node:fs"\n */\nexport const a = 'import "x"'`),
      []
    )
  })

  it("finds a cycle of folders", () => {
    const circle = cycle([
      SourceFile.make("src/ports/A.ts", `import type { A } from "../engine/A.ts"\nexport type B = A`),
      SourceFile.make("src/engine/A.ts", `export * from "../ports/A.ts"`)
    ])
    assert.deepStrictEqual(circle, ["ports", "engine", "ports"])
  })
})
