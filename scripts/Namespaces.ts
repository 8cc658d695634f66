/**
 * Writes `export * as Tags from "./Tags.ts"` as an object that `Tags.ts` makes of its own exports. The bundler would make
 * one with a getter for each export, that is, a function more for each, and a call of `Object.defineProperty` at import.
 * docs/decisions/0014-import.md has the figures.
 */
import * as Fs from "node:fs"
import * as Path from "node:path"
import type { Plugin } from "rolldown"
import { RolldownMagicString } from "rolldown"
import { parseSync } from "rolldown/utils"

type Statement = ReturnType<typeof parseSync>["program"]["body"][number]

const statementsOf = (path: string, code = Fs.readFileSync(path, "utf8")): ReadonlyArray<Statement> => {
  const { program, errors } = parseSync(path, code)
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]!.message}`)
  return program.body
}

/** A statement `export * as Tags from "./Tags.ts"`. */
interface Named {
  readonly start: number
  readonly end: number
  readonly name: string
  readonly path: string
  readonly specifier: string
}

const namedBy = (path: string, statements: ReadonlyArray<Statement>): ReadonlyArray<Named> =>
  statements.flatMap((statement) => {
    if (statement.type !== "ExportAllDeclaration" || statement.exported === null) return []
    if (statement.exportKind === "type" || statement.exported.type !== "Identifier") return []
    const { start, end, exported, source: { value: specifier } } = statement
    return [{ start, end, name: exported.name, path: Path.join(Path.dirname(path), specifier), specifier }]
  })

/** The values that a module exports, or `undefined` if some of them are another module's. */
const exportsOf = (statements: ReadonlyArray<Statement>): ReadonlyArray<string> | undefined => {
  const names: Array<string> = []
  for (const statement of statements) {
    if (statement.type === "ExportAllDeclaration" && statement.exportKind !== "type") return undefined
    if (statement.type !== "ExportNamedDeclaration" || statement.exportKind === "type") continue
    const { declaration, specifiers } = statement
    if (specifiers.length > 0) return undefined
    if (declaration?.type === "VariableDeclaration") {
      for (const { id } of declaration.declarations) if (id.type === "Identifier") names.push(id.name)
    } else if (declaration !== null && "id" in declaration && declaration.id?.type === "Identifier") {
      names.push(declaration.id.name)
    }
  }
  return names.toSorted()
}

/** Makes the namespaces of the modules that some of these export by a name. */
export const plugin = (barrels: ReadonlyArray<string>): Plugin => {
  const made = new Map<string, ReadonlyArray<string>>()
  for (const barrel of barrels) {
    for (const { path } of namedBy(barrel, statementsOf(barrel))) {
      const names = exportsOf(statementsOf(path))
      if (names !== undefined) made.set(path, names)
    }
  }
  const variable = (path: string): string => `${Path.basename(path, ".ts")}_namespace`
  return {
    name: "namespaces",
    transform: {
      filter: { id: /\.ts$/ },
      handler(code, id) {
        const text = new RolldownMagicString(code)
        const statements = code.includes("export * as") ? statementsOf(id, code) : []
        for (const { start, end, name, path, specifier } of namedBy(id, statements)) {
          if (made.has(path)) text.overwrite(start, end, `export { ${variable(path)} as ${name} } from "${specifier}"`)
        }
        const names = made.get(id)
        if (names !== undefined) {
          text.append(`\nexport const ${variable(id)} = /*#__PURE__*/ Object.freeze({ ${names.join(", ")} })\n`)
        }
        return text.hasChanged()
          ? { code: text.toString(), map: text.generateMap({ hires: "boundary" }).toString() }
          : null
      }
    }
  }
}
