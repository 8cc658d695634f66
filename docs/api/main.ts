/**
 * Writes the API reference of every public path into `out`, and checks it: each warning of TypeDoc is an error, and so is
 * a link that leads nowhere.
 */
import * as Fs from "node:fs"
import * as Path from "node:path"
import * as TypeDoc from "typedoc"

const root = Path.join(import.meta.dirname, "..", "..")
const out = Path.join(import.meta.dirname, "out")

interface Manifest {
  readonly name: string
  readonly exports: { readonly [path: string]: string | { readonly [condition: string]: string } }
}

const manifest = JSON.parse(Fs.readFileSync(Path.join(root, "package.json"), "utf8")) as Manifest

/** The block about a module, as Markdown. TypeDoc takes it for the module's only if a tag says so. */
const aboutModule = (source: string): string =>
  /^\/\*\*\n((?: \*.*\n)*) \*\//.exec(source)![1]!.replaceAll(/^ \* ?/gm, "").replace(/^@since .*$/m, "")

/** The source of each public path, with the specifier that users import. */
const specifiers = new Map(
  Object.entries(manifest.exports).flatMap(([path, target]) =>
    typeof target === "string"
      ? []
      : [[Path.join(root, target["effect-llmobs-source"]!), path.replace(".", manifest.name)]]
  )
)

const write = async (): Promise<void> => {
  const app = await TypeDoc.Application.bootstrap({
    name: manifest.name,
    entryPoints: [...specifiers.keys()],
    tsconfig: Path.join(import.meta.dirname, "tsconfig.json"),
    readme: Path.join(root, "README.md"),
    projectDocuments: [Path.join(root, "docs", "*.md"), Path.join(root, "docs", "decisions", "*.md")],
    categorizeByGroup: false,
    sort: ["source-order"],
    disableSources: true,
    excludeExternals: true,
    excludeInternal: true,
    excludePrivate: true,
    highlightLanguages: [
      "typescript",
      "javascript",
      "bash",
      "console",
      "diff",
      "html",
      "http",
      "json",
      "jsonc",
      "markdown",
      "mermaid",
      "yaml"
    ],
    // A type that a signature names and no module exports is shown by its name, without a link.
    validation: { notExported: false, invalidLink: true, invalidPath: true, rewrittenLink: true },
    treatWarningsAsErrors: true
  })
  // A module is called what users import.
  const entries = app.getEntryPoints() ?? []
  for (const entry of entries) entry.displayName = specifiers.get(Path.normalize(entry.sourceFile.fileName))!
  app.converter.on(TypeDoc.Converter.EVENT_RESOLVE_BEGIN, ({ project }: TypeDoc.Context) => {
    for (const [file, specifier] of specifiers) {
      const text = new TypeDoc.MinimalSourceFile(
        aboutModule(Fs.readFileSync(file, "utf8")),
        file as TypeDoc.NormalizedPath
      )
      const { content } = app.converter.parseRawComment(text, project.files)
      project.getChildByName([specifier])!.comment = new TypeDoc.Comment(content)
    }
  })
  const project = app.converter.convert(entries)
  app.validate(project)
  Fs.rmSync(out, { recursive: true, force: true })
  await app.generateDocs(project, out)
  if (app.logger.hasErrors() || app.logger.hasWarnings()) throw new Error("TypeDoc has warnings.")
}

const decoded = (text: string): string => text.replaceAll("&amp;", "&").replaceAll("&quot;", "\"")

/** The links of the written pages that lead to no file, or to no place on it. */
const deadLinks = (): { readonly links: number; readonly dead: ReadonlyArray<string> } => {
  const pages = new Map(
    Fs.readdirSync(out, { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".html"))
      .map((path) => [path, Fs.readFileSync(Path.join(out, path), "utf8")])
  )
  const places = new Map(
    [...pages].map((
      [path, text]
    ) => [path, new Set([...text.matchAll(/\bid="([^"]+)"/g)].map(([, id]) => decoded(id!)))])
  )
  const targets = [...pages].flatMap(([page, text]) =>
    [...text.matchAll(/\b(?:href|src)="([^"]*)"/g)]
      .map(([, target]) => ({ page, target: decoded(target!) }))
      .filter(({ target }) => target !== "" && !/^[a-z]+:/.test(target))
  )
  const dead = targets.filter(({ page, target }) => {
    const [file = "", place] = target.split("#")
    const path = file === "" ? page : Path.posix.join(Path.posix.dirname(page), decodeURIComponent(file))
    if (!Fs.existsSync(Path.join(out, path))) return true
    return place !== undefined && place !== "" && places.get(path)?.has(decodeURIComponent(place)) === false
  })
  return { links: targets.length, dead: [...new Set(dead.map(({ page, target }) => `${page}: ${target}`))] }
}

await write()
const { dead, links } = deadLinks()
for (const link of dead) console.error(`leads nowhere: ${link}`)
console.log(
  `${specifiers.size} modules, ${links} links, ${dead.length} dead; open ${
    Path.relative(process.cwd(), out)
  }/index.html`
)
if (dead.length > 0) process.exitCode = 1
