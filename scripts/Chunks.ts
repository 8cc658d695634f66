/**
 * The files of `dist`: an entry for each public path, for the command and for the thread of the durable outbox, and chunks
 * for what they share. docs/decisions/0010-bundled-dist.md says why.
 */
import { readFileSync } from "node:fs"
import * as Path from "node:path"
import type { ChunkingContext } from "rolldown"
import { root } from "./SourceFile.ts"

const manifest = JSON.parse(readFileSync(Path.join(root, "package.json"), "utf8")) as {
  readonly bin: { readonly [command: string]: string }
  readonly exports: { readonly [path: string]: string | { readonly [condition: string]: string } }
}

/** The packages that are copied into `dist`, with their licences. */
export const bundled: ReadonlyArray<string> = []

/** `./dist/layers/LLMObs.js` → `layers/LLMObs`. */
const stemOf = (built: string): string => built.slice("./dist/".length, -".js".length)

const source = (path: string): string => Path.join(root, "src", path)

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

/** A module, and the modules that it imports statically, directly or not. */
const closure = (start: string, context: ChunkingContext): ReadonlySet<string> => {
  const found = new Set([start])
  for (const id of found) for (const imported of context.getModuleInfo(id)?.importedIds ?? []) found.add(imported)
  return found
}

interface Closures {
  readonly core: ReadonlySet<string>
  readonly face: ReadonlySet<string>
  readonly live: ReadonlySet<string>
}

const names = ["shared", "domain", "core", "face", "live"] as const

let closures: Closures | undefined

/** The chunk of a module that the core, the face or the layer loads. */
const chunkOf = (id: string, context: ChunkingContext): typeof names[number] | null => {
  if (!id.startsWith(source(""))) return null
  const { core, face, live } = closures ??= {
    core: closure(source("domain/index.ts"), context),
    face: closure(source("layers/LLMObs.ts"), context),
    live: closure(source("composition/LiveLayer.ts"), context)
  }
  if (core.has(id)) return face.has(id) ? "shared" : live.has(id) ? "domain" : "core"
  if (face.has(id)) return "face"
  return live.has(id) ? "live" : null
}

/**
 * The groups of modules that become chunks by name. The bundler makes the others, one for each set of entries that share
 * modules. A module's imports are in its own group or in one before it, so chunks never import one another in a circle.
 */
export const groups = [
  ...bundled.map((name) => ({
    name,
    test: new RegExp(`[\\\\/]node_modules[\\\\/]${name}[\\\\/]`),
    priority: names.length + 1
  })),
  ...names.map((name, at) => ({
    debugName: name,
    name: (id: string, context: ChunkingContext) => chunkOf(id, context) === name ? name : null,
    priority: names.length - at
  }))
]
