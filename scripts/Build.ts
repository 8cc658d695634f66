/**
 * Bundles the sources into `dist`, beside the declarations that the compiler writes there. Fails if a module of a package
 * would be bundled that `Chunks` does not name.
 */
import * as Fs from "node:fs"
import * as Path from "node:path"
import { rolldown } from "rolldown"
import * as Chunks from "./Chunks.ts"
import * as Namespaces from "./Namespaces.ts"
import * as ParseCost from "./ParseCost.ts"
import { root } from "./SourceFile.ts"

const dist = Path.join(root, "dist")

const bundle = await rolldown({
  cwd: root,
  input: { ...Chunks.entries },
  // A program installs these itself, or Node brings them. Everything else is bundled.
  external: [/^node:/, /^effect(?:\/|$)/, /^@effect\//, /^@opentelemetry\//],
  // For "node" the bundler's helper imports `node:module`, which keeps a bundle from loading in a Worker.
  platform: "neutral",
  // Its paths name declarations, for the compiler.
  tsconfig: false,
  checks: { pluginTimings: false },
  plugins: [Namespaces.plugin(Object.values(Chunks.entries).map((path) => Path.resolve(root, path))), ParseCost.plugin]
})
const { output } = await bundle.write({
  dir: dist,
  format: "esm",
  sourcemap: true,
  entryFileNames: "[name].js",
  chunkFileNames: "chunks/[name].js",
  comments: { legal: true, annotation: true, jsdoc: false },
  codeSplitting: { groups: Chunks.groups },
  minify: {
    compress: false,
    mangle: { toplevel: false, keepNames: true },
    codegen: { removeWhitespace: false, asciiOnly: true }
  }
})
await bundle.close()

const isOfPackage = (source: string): boolean => source.includes("node_modules/")

for (const file of output) {
  // The bundler's own helper has no source.
  if (file.type !== "chunk" || file.map === null) continue
  const path = Path.join(dist, `${file.fileName}.map`)
  const map: { readonly sources: ReadonlyArray<string>; readonly sourcesContent: ReadonlyArray<string> } = JSON.parse(
    Fs.readFileSync(path, "utf8")
  )
  const foreign = map.sources.filter(isOfPackage)
    .filter((source) => !Chunks.bundled.some((name) => source.includes(`node_modules/${name}/`)))
  if (foreign.length > 0) throw new Error(`${file.fileName} bundles ${foreign.join(", ")}; see scripts/Chunks.ts`)
  // The package holds its own sources. The text of a bundled package is in the map.
  const sourcesContent = map.sources.map((source, at) => isOfPackage(source) ? map.sourcesContent[at] : null)
  Fs.writeFileSync(path, JSON.stringify({ ...map, sourcesContent }))
}

for (const name of Chunks.bundled) {
  Fs.copyFileSync(Path.join(root, "node_modules", name, "LICENSE"), Path.join(dist, "chunks", `${name}.LICENSE.txt`))
}
for (const command of Chunks.commands) Fs.chmodSync(Path.join(dist, `${command}.js`), 0o755)
