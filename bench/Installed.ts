/** The size of what a library brings into `node_modules`. */
import * as Fs from "node:fs"
import * as Path from "node:path"
import type { LibraryName } from "./Library.ts"

interface Manifest {
  readonly dependencies?: { readonly [name: string]: string }
  readonly optionalDependencies?: { readonly [name: string]: string }
  readonly peerDependencies?: { readonly [name: string]: string }
  readonly peerDependenciesMeta?: { readonly [name: string]: { readonly optional?: boolean } }
  readonly files?: ReadonlyArray<string>
}

const otel = ["@opentelemetry/api", "@opentelemetry/sdk-trace-base", "@opentelemetry/context-async-hooks"]

// The packages that a program names in its own manifest.
const packages: { readonly [name in LibraryName]?: ReadonlyArray<string> } = {
  "effect-riding": ["effect-llmobs", "effect"],
  "effect-rescued": ["effect-llmobs", "effect"],
  "effect-off": ["effect-llmobs", "effect"],
  "effect-fiber": ["effect-llmobs", "effect"],
  "effect-sync": ["effect-llmobs", "effect"],
  "no-layer": ["effect-llmobs", "effect"],
  embedded: ["effect-llmobs"],
  "with-span": ["effect"],
  "dd-trace": ["dd-trace"],
  "otel-json": [...otel, "@opentelemetry/exporter-trace-otlp-http"],
  "otel-protobuf": [...otel, "@opentelemetry/exporter-trace-otlp-proto"],
  langfuse: [...otel, "@langfuse/otel", "@langfuse/tracing"]
}

const sizeOf = (path: string): number => {
  const found = Fs.statSync(path)
  return found.isDirectory()
    ? Fs.readdirSync(path).reduce((bytes, name) => bytes + sizeOf(Path.join(path, name)), 0)
    : found.size
}

// Documentation patterns among them are small.
const published = (folder: string, { files = [] }: Manifest): number =>
  files.reduce((bytes, file) => {
    const path = Path.join(folder, file)
    return bytes + (Fs.existsSync(path) ? sizeOf(path) : 0)
  }, 0)

/** The bytes of the packages of a library with all that they depend on, where the bench has installed them. */
export const bytes = (library: LibraryName, bench: string, root: string): number => {
  const folders = [Path.join(bench, "node_modules"), Path.join(root, "node_modules")]
  const wanted = new Set(packages[library])
  let sum = 0
  for (const name of wanted) {
    const ours = name === "effect-llmobs"
    const folder = ours ? root : folders.map((one) => Path.join(one, name)).find((one) => Fs.existsSync(one))
    // An optional package for another platform.
    if (folder === undefined) continue
    const manifest = JSON.parse(Fs.readFileSync(Path.join(folder, "package.json"), "utf8")) as Manifest
    sum += ours ? published(folder, manifest) : sizeOf(folder)
    const peers = Object.keys(manifest.peerDependencies ?? {})
      .filter((peer) => !ours && manifest.peerDependenciesMeta?.[peer]?.optional !== true)
    for (
      const next of [manifest.dependencies, manifest.optionalDependencies].flatMap((one) => Object.keys(one ?? {}))
    ) {
      wanted.add(next)
    }
    for (const peer of peers) wanted.add(peer)
  }
  return sum
}
