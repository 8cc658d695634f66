import { assert, describe, it } from "@effect/vitest"
import * as SourceFile from "../../scripts/SourceFile.ts"
import * as Structure from "../../scripts/Structure.ts"

const measured = (...files: ReadonlyArray<readonly [path: string, text: string]>): Structure.Structure =>
  Structure.measure(files.map(([path, text]) => SourceFile.make(path, text)))

const lines = (count: number, line = "1"): string => `${line}\n`.repeat(count)

describe("Structure", () => {
  it("counts the lines of a file as an editor does, and gives median, 90th percentile and largest", () => {
    const files = Array.from({ length: 10 }, (_, i) => [`src/domain/F${i}.ts`, lines(i + 1)] as const)
    const structure = measured(...files, ["src/domain/G.ts", "1\n2"])
    assert.strictEqual(structure.files, 11)
    assert.deepStrictEqual(structure.lines, { total: 57, median: 5, p90: 9 })
    assert.deepStrictEqual(structure.fileLines[0], { place: "src/domain/F9.ts", count: 10 })
  })

  it("measures functions, arrows and methods, and names each by its binding", () => {
    const { functionLines } = measured([
      "src/domain/A.ts",
      [
        "// a comment with => and function () {",
        "export const a = (x: number): number => {",
        "  const inner = () => {",
        "    return \"} =>\"",
        "  }",
        "  return x + inner().length",
        "}",
        "function b() {",
        "}",
        "class C {",
        "  d<T>(t: T) {",
        "    return {",
        "      t",
        "    }",
        "  }",
        "}"
      ].join("\n")
    ])
    assert.deepStrictEqual(functionLines, [
      { place: "src/domain/A.ts:2 a", count: 6 },
      { place: "src/domain/A.ts:11 d", count: 5 },
      { place: "src/domain/A.ts:3 inner", count: 3 },
      { place: "src/domain/A.ts:8 b", count: 2 }
    ])
  })

  it("counts imports of values and types, and dynamic ones, but no re-export", () => {
    const text = [
      `import { a } from "./A.ts"`,
      `import type { B } from "./A.ts"`,
      `export * as c from "./C.ts"`,
      `export const d: B = () => import("./D.ts").then(a)`
    ].join("\n")
    assert.deepStrictEqual(measured(["src/domain/E.ts", text]).imports, [{ place: "src/domain/E.ts", count: 3 }])
  })

  it("gives the arrows between rooms, and none within one", () => {
    const { arrows } = measured(
      ["src/engine/lane/A.ts", `import "../books/B.ts"\nimport "../books/C.ts"\nimport "./D.ts"`],
      ["src/adapters/otel/sub/E.ts", `import "../../../ports/F.ts"`]
    )
    assert.deepStrictEqual(arrows, [
      { from: "adapters/otel", to: "ports", count: 1 },
      { from: "engine/lane", to: "engine/books", count: 2 }
    ])
  })

  it("finds a cycle of imports, through types and re-exports too", () => {
    const { cycles } = measured(
      ["src/domain/A.ts", `import type { B } from "./B.ts"\nexport type A = B`],
      ["src/domain/B.ts", `export * from "./C.ts"`],
      ["src/domain/C.ts", `import type { A } from "./A.ts"\nexport type B = A`]
    )
    assert.deepStrictEqual(cycles, [["src/domain/A.ts", "src/domain/B.ts", "src/domain/C.ts", "src/domain/A.ts"]])
  })
})

describe("the structure of src", () => {
  it("finds no import cycle, no long file or function, and no file that imports too much", () => {
    const structure = Structure.measure(SourceFile.readAll("src"))
    assert.deepStrictEqual(Structure.complaints(structure), [])
  })
})

describe("the limits of the structure", () => {
  const { fileLines, functionLines, imports } = Structure.limits
  const body = (count: number) => `export const f = () => {\n${lines(count - 2)}}\n`
  const importing = (count: number) => Array.from({ length: count }, (_, i) => `import "./F${i}.ts"\n`).join("")

  it("allows files at the limits", () => {
    const structure = measured(
      ["src/domain/A.ts", body(functionLines)],
      ["src/domain/B.ts", importing(imports)],
      ["src/domain/C.ts", lines(fileLines)]
    )
    assert.deepStrictEqual(Structure.complaints(structure), [])
    assert.include(Structure.render(structure), "cycles     none")
  })

  it.for<readonly [name: string, text: string, complaint: string]>([
    [
      "a longer function",
      body(functionLines + 1),
      "src/domain/A.ts:1 f: 121 lines in a function, at most 120 are allowed"
    ],
    ["more imports", importing(imports + 1), "src/domain/A.ts: 26 imports, at most 25 are allowed"],
    ["a longer file", lines(fileLines + 1), "src/domain/A.ts: 601 lines in a file, at most 600 are allowed"],
    ["a file that imports itself", `import "./A.ts"`, "an import cycle: src/domain/A.ts → src/domain/A.ts"]
  ])("refuses %s", ([, text, complaint]) => {
    assert.deepStrictEqual(Structure.complaints(measured(["src/domain/A.ts", text])), [complaint])
  })
})
