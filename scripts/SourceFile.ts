/**
 * The files of `src` as the checks of the architecture see them: where each lives, what it imports, what it exports.
 */
import { init, parse } from "es-module-lexer"
import { readdirSync, readFileSync } from "node:fs"
import { stripTypeScriptTypes } from "node:module"
import * as Path from "node:path"

await init()

/** The folder of the project. */
export const root = Path.resolve(import.meta.dirname, "..")

export interface SourceFile {
  /** Path below the project, with `/` between its parts: `src/domain/SpanId.ts`. */
  readonly path: string
  readonly text: string
  /** Its imports, by value or by type, static or dynamic: paths below the project, or names of packages. */
  readonly imports: ReadonlyArray<string>
}

/**
 * Type imports are erased before modules are lexed, so they become value imports first, which keeps one parser for both.
 * Types that are written as `import("./X.ts").Y` have no such form and are found in the text.
 */
const specifiersOf = (text: string): ReadonlyArray<string> => {
  const asValues = text.replace(/^(import|export) type (?=[{*]|\w+ from)/gm, "$1 ")
  const [imports] = parse(stripTypeScriptTypes(asValues))
  const specifiers = imports.map(({ specifier }) => specifier).filter((specifier) => typeof specifier === "string")
  const code = text.replace(/^\s*(?:\/?\*|\/\/).*$/gm, "")
  for (const match of code.matchAll(/\bimport\(\s*["']([^"']+)["']\s*\)/g)) specifiers.push(match[1]!)
  return [...new Set(specifiers)]
}

/** A file, from its path below the project and its text. */
export const make = (path: string, text: string): SourceFile => ({
  path,
  text,
  imports: specifiersOf(text).map((specifier) =>
    specifier.startsWith(".") ? Path.posix.join(Path.posix.dirname(path), specifier) : specifier
  )
})

/** Every TypeScript file below a folder of the project. */
export const readAll = (folder: string): ReadonlyArray<SourceFile> =>
  readdirSync(Path.join(root, folder), { recursive: true, encoding: "utf8" })
    .map((name) => `${folder}/${name.split(Path.sep).join("/")}`)
    .filter((path) => path.endsWith(".ts"))
    .sort()
    .map((path) => make(path, readFileSync(Path.join(root, path), "utf8")))
