/**
 * The files of `dist`: an entry for each public path, for the command and for the thread of the durable outbox, and chunks
 * for what they share. docs/decisions/0010-bundled-dist.md says why.
 */
import { readFileSync } from "node:fs"
import * as Path from "node:path"
import type { ChunkingContext } from "rolldown"
import { root } from "./SourceFile.ts"

const manifest = JSON.parse(readFileSync(Path.join(root, "package.json"), "utf8")) as {
  readonly name: string
  readonly bin: { readonly [command: string]: string }
  readonly exports: { readonly [path: string]: string | { readonly [condition: string]: string } }
}

/** The packages that are copied into `dist`, with their licences. */
export const bundled: ReadonlyArray<string> = []

/** `./dist/layers/LLMObs.js` → `layers/LLMObs`. */
const stemOf = (built: string): string => built.slice("./dist/".length, -".js".length)

const source = (path: string): string => Path.join(root, "src", path)

/** The public paths, each with its file below `dist`. */
export const paths: ReadonlyArray<readonly [path: string, stem: string]> = Object.entries(manifest.exports).flatMap(
  ([path, target]) => typeof target === "string" ? [] : [[manifest.name + path.slice(1), stemOf(target["default"]!)]]
)

/** The command's file, below `dist` and without its ending. */
export const commands = Object.values(manifest.bin).map(stemOf)

/** The source of each entry, by its file below `dist` without the ending. */
export const entries: { readonly [stem: string]: string } = Object.fromEntries([
  ...Object.values(manifest.exports).flatMap((target) =>
    typeof target === "string" ? [] : [[stemOf(target["default"]!), target["effect-llmobs-source"]!]]
  ),
  ...commands.map((stem) => [stem, source(`${stem}.ts`)]),
  // The thread is started by its address, beside the chunk that starts it.
  ["chunks/SqliteWorker", source("adapters/sqlite/SqliteWorker.ts")]
])

/** Modules, and the modules that they import statically, directly or not. */
const closure = (starts: ReadonlyArray<string>, context: ChunkingContext): ReadonlySet<string> => {
  const found = new Set(starts)
  for (const id of found) for (const imported of context.getModuleInfo(id)?.importedIds ?? []) found.add(imported)
  return found
}

const sourceOf = (path: string): string => Path.join(root, entries[stemOf(target(path))]!)

const target = (path: string): string => {
  const found = manifest.exports[path]
  if (typeof found !== "object") throw new Error(`${path} is no public path`)
  return found["default"]!
}

/** The modules that the parts of a program load, each with all that it imports. */
interface Parts {
  readonly core: ReadonlySet<string>
  readonly wire: ReadonlySet<string>
  readonly face: ReadonlySet<string>
  readonly live: ReadonlySet<string>
  /** The public paths that make no layer when they are imported. */
  readonly light: ReadonlySet<string>
}

const partsOf = (context: ChunkingContext): Parts => {
  // Paths that a program imports beside a layer. A path that makes a layer of its own loads all of it.
  const light = Object.keys(manifest.exports)
    .filter((path) => typeof manifest.exports[path] === "object")
    .map((path) => closure([sourceOf(path)], context))
    .filter((loaded) => !loaded.has(source("composition/Live.ts")))
  return {
    core: closure([sourceOf("./core")], context),
    wire: closure([sourceOf("./wire")], context),
    face: closure([sourceOf("./LLMObs")], context),
    live: closure([source("composition/LiveLayer.ts")], context),
    light: new Set(light.flatMap((loaded) => [...loaded]))
  }
}

/**
 * The chunks that are chosen by hand, and which modules each has: the first one whose rule holds. The rules compare sets
 * that hold their own imports, so a chunk imports those above it alone, and none that a program would not load anyway.
 */
const rules: ReadonlyArray<readonly [name: string, has: (id: string, parts: Parts) => boolean]> = [
  ["shared", (id, { core, face }) => core.has(id) && face.has(id)],
  ["domain", (id, { core, live }) => core.has(id) && live.has(id)],
  ["core", (id, { core }) => core.has(id)],
  ["wire", (id, { live, wire }) => wire.has(id) && live.has(id)],
  ["face", (id, { face }) => face.has(id)],
  ["ports", (id, { light, live }) => live.has(id) && light.has(id)],
  ["live", (id, { live }) => live.has(id)]
]

let parts: Parts | undefined

const chunkOf = (id: string, context: ChunkingContext): string | undefined => {
  if (!id.startsWith(source(""))) return undefined
  const known = parts ??= partsOf(context)
  return rules.find(([, has]) => has(id, known))?.[0]
}

/**
 * The groups of modules that become chunks by name. The bundler makes the others, one for each set of entries that share
 * modules.
 */
export const groups = [
  ...bundled.map((name) => ({
    name,
    test: new RegExp(`[\\\\/]node_modules[\\\\/]${name}[\\\\/]`),
    priority: rules.length + 1
  })),
  ...rules.map(([name], at) => ({
    debugName: name,
    name: (id: string, context: ChunkingContext) => chunkOf(id, context) === name ? name : null,
    priority: rules.length - at
  }))
]
