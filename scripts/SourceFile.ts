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
  /** Those that are loaded, static or dynamic. */
  readonly loads: ReadonlyArray<string>
}

const loadedBy = (text: string): ReadonlyArray<string> => {
  const [imports] = parse(stripTypeScriptTypes(text))
  return imports.map(({ specifier }) => specifier).filter((specifier) => typeof specifier === "string")
}

/**
 * Type imports are erased before modules are lexed, so they become value imports first, which keeps one parser for both.
 * Types that are written as `import("./X.ts").Y` have no such form and are found in the text.
 */
const specifiersOf = (text: string): ReadonlyArray<string> => {
  const specifiers = [...loadedBy(text.replace(/^(import|export) type (?=[{*]|\w+ from)/gm, "$1 "))]
  const code = text.replace(/^\s*(?:\/?\*|\/\/).*$/gm, "")
  for (const match of code.matchAll(/\bimport\(\s*["']([^"']+)["']\s*\)/g)) specifiers.push(match[1]!)
  return [...new Set(specifiers)]
}

/** A file, from its path below the project and its text. */
export const make = (path: string, text: string): SourceFile => {
  const resolve = (specifier: string): string =>
    specifier.startsWith(".") ? Path.posix.join(Path.posix.dirname(path), specifier) : specifier
  return { path, text, imports: specifiersOf(text).map(resolve), loads: loadedBy(text).map(resolve) }
}

/** Every TypeScript file below a folder of the project. */
export const readAll = (folder: string): ReadonlyArray<SourceFile> =>
  readdirSync(Path.join(root, folder), { recursive: true, encoding: "utf8" })
    .map((name) => `${folder}/${name.split(Path.sep).join("/")}`)
    .filter((path) => path.endsWith(".ts"))
    .sort()
    .map((path) => make(path, readFileSync(Path.join(root, path), "utf8")))
