/**
 * Which modules a fresh Node loads to import one public path of the package.
 */
import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import * as Path from "node:path"
import { pathToFileURL } from "node:url"
import { promisify } from "node:util"
import { root } from "./SourceFile.ts"

const run = promisify(execFile)

// The hooks see every module, static and dynamic; the ones resolved until the import is complete are printed.
const program = `
import { registerHooks } from "node:module"
const loaded = new Map()
registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context)
    const key = context.parentURL + " " + resolved.url
    loaded.set(key, { url: resolved.url, importer: context.parentURL })
    return resolved
  }
})
await import(process.argv[1])
process.stdout.write(JSON.stringify([...loaded.values()]))
`

/** A module that was loaded, and the module that imported it: addresses. */
export interface LoadedModule {
  readonly url: string
  readonly importer: string | undefined
}

/** The modules that `import(specifier)` loads, the entry itself among them. */
export const loadedBy = async (specifier: string): Promise<ReadonlyArray<LoadedModule>> => {
  const { stdout } = await run(
    process.execPath,
    ["--conditions=effect-llmobs-source", "--input-type=module", "--eval", program, specifier],
    { cwd: root, timeout: 55_000, maxBuffer: 16 * 1024 * 1024 }
  )
  return JSON.parse(stdout)
}

/** The cost of importing a public path. */
export interface Loads {
  /** How many of our own files. */
  readonly files: number
  /** The modules of Effect that our files import: none, stable ones alone, or unstable ones too. */
  readonly effect: "none" | "stable" | "unstable"
  /** Those of Effect's costly modules that are loaded, whoever imports them: Schema, Config, Stream, http. */
  readonly costly: ReadonlyArray<string>
  /** The modules of Node that our files import. */
  readonly node: ReadonlyArray<string>
  /** The other packages that our files import. */
  readonly packages: ReadonlyArray<string>
}

const costly = ["Schema", "Config", "Stream", "http"]

const sorted = (names: Iterable<string>): ReadonlyArray<string> => [...new Set(names)].sort()

/** `node_modules/@a/b/dist/C.js` → `@a/b` and `dist/C.js`. */
const packaged = (url: string): readonly [name: string, file: string] | undefined => {
  const at = url.lastIndexOf("/node_modules/")
  if (at === -1) return undefined
  const parts = url.slice(at + "/node_modules/".length).split("/")
  const name = parts.splice(0, parts[0]!.startsWith("@") ? 2 : 1).join("/")
  return [name, parts.join("/")]
}

/** The summary of these modules, for a project at `base`. */
export const summary = (modules: ReadonlyArray<LoadedModule>, base: string = root): Loads => {
  const source = `${pathToFileURL(Path.join(base, "src")).href}/`
  const ours = modules.filter(({ importer }) => importer?.startsWith(source))
  const imported = ours.flatMap(({ url }) => {
    const found = packaged(url)
    return found === undefined ? [] : [found]
  })
  const effect = imported.filter(([name]) => name === "effect").map(([, file]) => file)
  const all = modules.flatMap(({ url }) => {
    const found = packaged(url)
    return found?.[0] === "effect" ? [found[1].replace(/^dist\//, "").replace(/(?:\/.*|\.js)$/, "")] : []
  })
  return {
    files: new Set(modules.map(({ url }) => url).filter((url) => url.startsWith(source))).size,
    // Effect keeps its unstable modules in folders.
    effect: effect.length === 0
      ? "none"
      : effect.some((file) => file.split("/").length > 2)
      ? "unstable"
      : "stable",
    costly: costly.filter((name) => all.includes(name)),
    node: sorted(ours.map(({ url }) => url).filter((url) => url.startsWith("node:"))),
    packages: sorted(imported.map(([name]) => name).filter((name) => name !== "effect"))
  }
}

/** The public paths of `package.json` that are modules, as programs import them. */
export const publicPaths = (): ReadonlyArray<string> => {
  const manifest = JSON.parse(readFileSync(Path.join(root, "package.json"), "utf8")) as {
    readonly name: string
    readonly exports: { readonly [path: string]: unknown }
  }
  return Object.keys(manifest.exports)
    .filter((path) => !path.endsWith(".json"))
    .map((path) => manifest.name + path.slice(1))
}
