/**
 * The files that the packed package must hold, and no others.
 */
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { deadLinks } from "../../scripts/PageLinks.ts"

/** One door of the package: what its users import, and the files that stand behind it by condition. */
export interface Entry {
  readonly specifier: string
  readonly targets: { readonly [condition: string]: string }
}

/** The part of a manifest that is looked at. */
export interface Manifest {
  readonly name: string
  readonly bin: { readonly [command: string]: string }
  readonly exports: { readonly [path: string]: string | { readonly [condition: string]: string } }
}

const besides = ["CHANGELOG.md", "LICENSE", "README.md", "SECURITY.md", "package.json"]

const below = (folder: string, ending: string): ReadonlyArray<string> =>
  Fs.readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path.endsWith(ending))

/** The pages and pictures of the documentation. `docs/api` is a package of its own. */
const documentation = (root: string): ReadonlyArray<string> =>
  [".md", ".svg"].flatMap((ending) => below(Path.join(root, "docs"), ending))
    .filter((path) => !path.startsWith("api/"))
    .map((path) => `docs/${path}`)

/** The files that the sources and pages below a root call for, without JavaScript. */
const expected = (root: string): ReadonlyArray<string> =>
  [
    ...besides,
    ...documentation(root),
    ...below(Path.join(root, "src"), ".wat").map((path) => `src/${path}`),
    ...below(Path.join(root, "src"), ".ts").flatMap((path) => {
      const stem = path.slice(0, -".ts".length)
      return [`src/${path}`, ...[".d.ts", ".d.ts.map"].map((ending) => `dist/${stem}${ending}`)]
    })
  ].sort()

const filled = (
  name: string,
  path: string,
  target: Manifest["exports"][string],
  files: ReadonlyArray<string>
): ReadonlyArray<Entry> => {
  const targets = typeof target === "string" ? { default: target } : target
  const specifier = path.replace(".", name)
  if (!path.includes("*")) return [{ specifier, targets }]
  const [before = "", after = ""] = targets["default"]!.slice("./".length).split("*")
  return files.filter((file) => file.startsWith(before) && file.endsWith(after)).map((file) => {
    const part = file.slice(before.length, file.length - after.length)
    const own = Object.entries(targets).map(([condition, target]) => [condition, target.replace("*", part)] as const)
    return { specifier: specifier.replace("*", part), targets: Object.fromEntries(own) }
  })
}

/** Every entry, with the patterns filled in by the files that they match. */
export const entries = (manifest: Manifest, files: ReadonlyArray<string>): ReadonlyArray<Entry> =>
  Object.entries(manifest.exports).flatMap(([path, target]) => filled(manifest.name, path, target, files))

const faultsOfEntries = (manifest: Manifest, files: ReadonlyArray<string>): ReadonlyArray<string> => {
  const has = new Set(files.map((file) => `./${file}`))
  return [
    ...Object.entries(manifest.exports)
      .filter(([path, target]) => filled(manifest.name, path, target, files).length === 0)
      .map(([path]) => `${path} matches no file`),
    ...entries(manifest, files).flatMap(({ specifier, targets }) => [
      ...Object.values(targets).filter((file) => !has.has(file)).map((file) => `${specifier}: no ${file}`),
      ...targets["default"]!.endsWith(".js") && !targets["types"]?.endsWith(".d.ts") ? [`${specifier}: no types`] : []
    ]),
    ...Object.entries(manifest.bin).filter(([, file]) => !has.has(file)).map(([command, file]) =>
      `${command}: no ${file}`
    )
  ]
}

/** The licence of a bundled package. */
const isLicence = (file: string): boolean => /^dist\/chunks\/[\w-]+\.LICENSE\.txt$/.test(file)

const isJavaScript = (file: string): boolean => file.startsWith("dist/") && /\.js(?:\.map)?$/.test(file)

/** A file without a source has no map: the bundler's own helper, and an entry that only passes on what chunks export. */
const hasNoSource = (file: string, text: string): boolean =>
  file === "dist/chunks/rolldown-runtime.js" ||
  /^(?:(?:import|export) [^;]+ from "[^"]+";\s*|export \{[^;]*\};\s*)+$/.test(text)

/** The JavaScript that nothing starts or imports, by the names of files in it. */
const strays = (manifest: Manifest, folder: string, files: ReadonlyArray<string>): ReadonlyArray<string> => {
  const scripts = files.filter((file) => file.startsWith("dist/") && file.endsWith(".js"))
  const named = new Set([
    ...entries(manifest, files).map(({ targets }) => targets["default"]!.slice("./".length)),
    ...Object.values(manifest.bin).map((file) => file.slice("./".length)),
    ...scripts.flatMap((file) =>
      [...Fs.readFileSync(Path.join(folder, file), "utf8").matchAll(/["'`](\.{1,2}\/[\w./-]+)(?:\.js["'`]|\.\$\{)/g)]
        .map(
          ([, path]) => Path.posix.join(Path.posix.dirname(file), `${path}.js`)
        )
    )
  ])
  return files.filter((file) => isJavaScript(file) && !named.has(file.replace(/\.map$/, "")))
}

interface SourceMap {
  readonly sources: ReadonlyArray<string>
  readonly sourcesContent?: ReadonlyArray<string | null>
}

/** The sources of a map that are neither in the package nor, as text, in the map. */
const absent = (text: string, has: (source: string) => boolean): ReadonlyArray<string> => {
  const { sources, sourcesContent = [] } = JSON.parse(text) as SourceMap
  return sources.filter((source, at) => !has(source) && typeof sourcesContent[at] !== "string")
}

const faultsOfMaps = (folder: string, files: ReadonlyArray<string>): ReadonlyArray<string> => {
  const has = new Set(files)
  const beside = (file: string, target: string) => Path.posix.join(Path.posix.dirname(file), target)
  return files.filter((file) => /^dist\/.*(?:\.map|\.js|\.ts)$/.test(file)).flatMap((file) => {
    const text = Fs.readFileSync(Path.join(folder, file), "utf8")
    if (hasNoSource(file, text)) return []
    const isThere = (target: string) => has.has(beside(file, target))
    const targets = file.endsWith(".map")
      ? absent(text, isThere)
      : [/\n\/\/# sourceMappingURL=(.+)\s*$/.exec(text)?.[1] ?? "a map"].filter((target) => !isThere(target))
    return targets.map((target) => `${file} points at ${target}`)
  })
}

/** Two copies of a module would have two states, and be loaded twice. */
const faultsOfCopies = (folder: string, files: ReadonlyArray<string>): ReadonlyArray<string> => {
  const places = new Map<string, string>()
  return files.filter((file) => file.endsWith(".js.map")).flatMap((file) =>
    (JSON.parse(Fs.readFileSync(Path.join(folder, file), "utf8")) as SourceMap).sources.flatMap((name) => {
      const source = Path.posix.join(Path.posix.dirname(file), name)
      const first = places.get(source)
      places.set(source, file)
      return first === undefined ? [] : [`${source} is in ${first} and in ${file}`]
    })
  )
}

const faultsOfPlaces = (folder: string, files: ReadonlyArray<string>, root: string): ReadonlyArray<string> => {
  const places = [root, Os.homedir(), Os.tmpdir()].filter((place) => place !== "/").map((place) => `${place}/`)
  return files.flatMap((file) => {
    const text = Fs.readFileSync(Path.join(folder, file), "utf8")
    return places.filter((place) => text.includes(place)).map((place) => `${file} names ${place}`)
  })
}

/** The files of an unpacked package. */
export const list = (folder: string): ReadonlyArray<string> =>
  below(folder, "").filter((path) => Fs.statSync(Path.join(folder, path)).isFile())

/** The faults of an unpacked package, given the project that it was packed from. */
export const faults = (folder: string, root: string): ReadonlyArray<string> => {
  const files = list(folder)
  const wanted = new Set(expected(root))
  const manifest = JSON.parse(Fs.readFileSync(Path.join(folder, "package.json"), "utf8")) as Manifest
  return [
    ...files.filter((file) => !wanted.has(file) && !isJavaScript(file) && !isLicence(file))
      .map((file) => `${file} has no business in the package`),
    ...strays(manifest, folder, files).map((file) => `${file} has no business in the package`),
    ...[...wanted].filter((file) => !files.includes(file)).map((file) => `${file} is missing`),
    ...faultsOfEntries(manifest, files),
    ...faultsOfMaps(folder, files),
    ...faultsOfCopies(folder, files),
    ...faultsOfPlaces(folder, files, root),
    ...files.filter((file) => file.endsWith(".md")).flatMap((page) => deadLinks(folder, page))
  ]
}
