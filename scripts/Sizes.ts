/**
 * The sizes of the public paths, as they were built, and the table of them in `docs/runtimes.md`, which is their budget.
 */
import { init, parse } from "es-module-lexer"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { gzipSync } from "node:zlib"
import type { OutputChunk } from "rolldown"
import { rolldown } from "rolldown"
import * as Chunks from "./Chunks.ts"
import { root } from "./SourceFile.ts"

await init()

/** The page, from the root of the repository. */
export const page = "docs/runtimes.md"

const begin = "<!-- sizes -->"
const end = "<!-- end -->"

/** The size of a path: the files that its import loads, and what it adds to a minified bundle. Effect is not counted. */
export interface Size {
  readonly path: string
  readonly files: number
  readonly kilobytes: number
  /** Minified and compressed by gzip, with everything that the path exports. */
  readonly bundledKilobytes: number
}

const dist = Path.join(root, "dist")

/** The files that a file of `dist` imports statically, itself among them. */
const loadedBy = (files: ReadonlyArray<string>): ReadonlyArray<string> => {
  const found = new Set(files)
  for (const file of found) {
    const [imports] = parse(Fs.readFileSync(file, "utf8"))
    for (const { specifier, type } of imports) {
      const isStatic = type === "static" || type === "reexport-star"
      if (isStatic && specifier?.startsWith(".")) found.add(Path.join(Path.dirname(file), specifier))
    }
  }
  return [...found]
}

const bundled = async (files: ReadonlyArray<string>): Promise<number> => {
  const bundle = await rolldown({
    input: [...files],
    external: [/^node:/, /^effect(?:\/|$)/, /^@/],
    platform: "neutral",
    logLevel: "silent"
  })
  const { output } = await bundle.generate({ format: "esm", minify: true })
  await bundle.close()
  const chunks = new Map(
    output.filter((file): file is OutputChunk => file.type === "chunk").map((file) => [file.fileName, file])
  )
  const found = new Set([...chunks.values()].filter(({ isEntry }) => isEntry).map(({ fileName }) => fileName))
  for (const name of found) {
    for (const imported of chunks.get(name)?.imports ?? []) if (chunks.has(imported)) found.add(imported)
  }
  return [...found].reduce((sum, name) => sum + gzipSync(chunks.get(name)!.code).byteLength, 0)
}

const kilobytes = (bytes: number): number => Math.ceil(bytes / 1_000)

const sizeOf = async (path: string, stems: ReadonlyArray<string>): Promise<Size> => {
  const entries = stems.map((stem) => Path.join(dist, `${stem}.js`))
  const files = loadedBy(entries)
  return {
    path,
    files: files.length,
    kilobytes: kilobytes(files.reduce((sum, file) => sum + Fs.statSync(file).size, 0)),
    bundledKilobytes: kilobytes(await bundled(entries))
  }
}

/** The chunks that a layer imports when it is built, to the Agent. */
const ofLayer = ["layers/LLMObs", "chunks/live", "chunks/NodeTransport", "chunks/AgentTraceWriter"]

/** The sizes of all paths, and of a layer. */
export const measure = async (): Promise<ReadonlyArray<Size>> => {
  const sizes = [await sizeOf("a layer to the Agent, all that it loads", ofLayer)]
  for (const [path, stem] of Chunks.paths) sizes.push(await sizeOf(`\`${path}\``, [stem]))
  return sizes
}

// The compiler's output would not tell that a chunk brings Effect to a path that has none.
const withoutEffect = ["domain/index", "domain/redaction/Redaction", "layers/Wire"]

/** The files that import Effect, though a path that does without it loads them. */
export const withEffect = (): ReadonlyArray<string> =>
  loadedBy(withoutEffect.map((stem) => Path.join(dist, `${stem}.js`)))
    .filter((file) => parse(Fs.readFileSync(file, "utf8"))[0].some(({ specifier }) => specifier?.startsWith("effect/")))

/** A page with its table written anew, between two comments. */
export const withTable = (text: string, sizes: ReadonlyArray<Size>): string => {
  const from = text.indexOf(begin)
  const to = text.indexOf(end, from)
  if (from < 0 || to < 0) throw new Error(`${page} has no place for the sizes: ${begin} … ${end}`)
  const rows = sizes.map((size) => [size.path, size.files, size.kilobytes, size.bundledKilobytes])
  const lines = [["path", "files", "kB", "kB in a bundle"], ...rows]
  const width = Math.max(...lines.map(([path]) => String(path).length))
  const line = ([path, ...numbers]: ReadonlyArray<string | number>): string =>
    `| ${String(path).padEnd(width)} | ${
      numbers.map((number, at) => String(number).padEnd([5, 3, 14][at]!)).join(" | ")
    } |`
  const [head, ...others] = lines.map(line)
  const rule = `| ${"-".repeat(width)} | ----- | --- | -------------- |`
  return `${text.slice(0, from)}${begin}\n\n${[head, rule, ...others].join("\n")}\n\n${text.slice(to)}`
}

/** The sizes that a page has. */
const read = (text: string): ReadonlyMap<string, Omit<Size, "path">> =>
  new Map(
    [...text.slice(text.indexOf(begin), text.indexOf(end)).matchAll(/^\| (.+?) +\| (\d+) +\| (\d+) +\| (\d+) +\|$/gm)]
      .map(
        ([, path, files, kilobytes, bundledKilobytes]) => [
          path!,
          { files: Number(files), kilobytes: Number(kilobytes), bundledKilobytes: Number(bundledKilobytes) }
        ]
      )
  )

/** The sizes that are beyond what the page says by more than a tenth and two, and the paths that the page lacks. */
export const beyond = (text: string, sizes: ReadonlyArray<Size>): ReadonlyArray<string> => {
  const budget = read(text)
  return sizes.flatMap(({ path, ...size }) => {
    const most = budget.get(path)
    if (most === undefined) return [`${page} has no size of ${path}: npm run sizes-page`]
    return (["files", "kilobytes", "bundledKilobytes"] as const).flatMap((name) =>
      size[name] > Math.floor(most[name] * 1.1) + 2
        ? [`${path}: ${size[name]} ${name}, ${most[name]} in ${page}; is that meant? npm run sizes-page`]
        : []
    )
  })
}

if (import.meta.main) {
  const path = Path.join(root, page)
  Fs.writeFileSync(path, withTable(Fs.readFileSync(path, "utf8"), await measure()))
}
