import { assert, describe, it } from "@effect/vitest"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { anchorsOf, deadLinks, linksOf } from "../../scripts/PageLinks.ts"
import { root } from "../../scripts/SourceFile.ts"
import * as Metrics from "../../src/domain/content/Metrics.ts"

const folders = ["docs", "examples", "burst", "faults", "fuzz", "memory", "parametric", "replay", "soak"]
const pages = [
  ...Fs.readdirSync(root).filter((name) => name.endsWith(".md")),
  ...folders.flatMap((folder) =>
    Fs.readdirSync(Path.join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".md") && !/node_modules|^api.out/.test(name))
      .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
  )
]

describe("the pages of the documentation", () => {
  it("mention the other name of the product once", () => {
    const own = pages.filter((page) => page.startsWith("docs/") || !page.includes("/"))
    const mentions = own.flatMap((page) =>
      Fs.readFileSync(Path.join(root, page), "utf8").split("Agent Observability").slice(1).map(() => page)
    )
    assert.deepStrictEqual(mentions, ["README.md"])
  })

  it("are linked from the README: the guides, and the decisions from the README of theirs", () => {
    const linked = ["README.md", "docs/decisions/README.md"].flatMap((page) =>
      linksOf(Fs.readFileSync(Path.join(root, page), "utf8"))
        .map(({ target }) => Path.posix.join(Path.posix.dirname(page), target))
    )
    const guides = pages.filter((page) => /^docs\/(?:decisions\/)?[^/]+$/.test(page))
    assert.isAbove(guides.length, 20)
    assert.deepStrictEqual(guides.filter((page) => !linked.includes(page)), [])
  })

  it("link to nothing that is left out of the package, where they are in it", () => {
    const packed = pages.filter((page) => /^(?:README|SECURITY|CHANGELOG)|^docs\/(?:decisions\/)?[^/]+$/.test(page))
    const outside = packed.flatMap((page) =>
      linksOf(Fs.readFileSync(Path.join(root, page), "utf8"))
        .filter(({ target }) => !/^[a-z]+:|^#/.test(target))
        .map(({ target }) => Path.posix.join(Path.posix.dirname(page), target.split("#")[0]!))
        .filter((path) => !/^docs\/(?!api\/)|^(?:README|SECURITY|CHANGELOG)\.md$|^LICENSE$/.test(path))
        .map((path) => `${page}: ${path}`)
    )
    assert.deepStrictEqual(outside, [])
  })

  it("have no link that leads nowhere", () => {
    assert.isAbove(pages.length, 20)
    assert.deepStrictEqual(pages.flatMap((page) => deadLinks(root, page)), [])
  })
})

describe("docs/spans.md", () => {
  const page = Fs.readFileSync(Path.join(root, "docs/spans.md"), "utf8")

  it("has every option of a span in its table", () => {
    const options = [["src/domain/span/AnnotationInput.ts", "AnnotationInput"], [
      "src/ports/Recorder.ts",
      "SpanOptions"
    ]]
      .flatMap(([path, name]) => {
        const source = Fs.readFileSync(Path.join(root, path!), "utf8")
        const body = source.slice(source.indexOf(`export interface ${name} `)).split("\n}\n")[0]!
        return [...body.matchAll(/^ {2}readonly (\w+)\?/gm)].map(([, option]) => option!)
      })
    assert.isAbove(options.length, 20)
    const first = page.split("\n").filter((line) => line.startsWith("| `")).map((line) => line.split("|")[1]!).join(" ")
    assert.deepStrictEqual(options.filter((option) => !first.includes(`\`${option}\``)), [])
  })

  it("has every metric that Datadog knows, by both names", () => {
    for (const [name, inEvent] of Object.entries(Metrics.aliases)) {
      assert.match(page, new RegExp(`^\\| \`${name}\` +\\| \`${inEvent}\` `, "m"))
    }
  })
})

describe("PageLinks", () => {
  it("finds links and images in Markdown and in HTML, and none in code", () => {
    const page = "[a](b.md#c)\n![d](e.svg \"f\")\n<img src=\"g.svg\">\n`[h](i)`\n```md\n[j](k)\n```\n"
    assert.deepStrictEqual(linksOf(page), [
      { target: "b.md#c", line: 1 },
      { target: "e.svg", line: 2 },
      { target: "g.svg", line: 3 }
    ])
  })

  it("makes anchors like GitHub: lower case, no punctuation, a number for a heading that repeats", () => {
    const page = "# Troubleshooting: \"I see no spans\"\n## 1. `layer` and more\n## Cost\n## Cost\n```sh\n# none\n```\n"
    assert.deepStrictEqual([...anchorsOf(page)], [
      "troubleshooting-i-see-no-spans",
      "1-layer-and-more",
      "cost",
      "cost-1"
    ])
  })

  it("finds the links that lead to no file, to no heading, or out of the folder", () => {
    const folder = Fs.mkdtempSync(Path.join(Os.tmpdir(), "pages-"))
    const links = ["b.md", "b.md#b", "#a", "https://example.com/x", "c.md", "b.md#c", "#c", "../b.md"]
    Fs.writeFileSync(Path.join(folder, "a.md"), `# A\n\n${links.map((link) => `[x](${link})`).join("\n")}\n`)
    Fs.writeFileSync(Path.join(folder, "b.md"), "# B\n")
    const dead = deadLinks(folder, "a.md")
    Fs.rmSync(folder, { recursive: true })
    assert.deepStrictEqual(
      dead,
      ["c.md", "b.md#c", "#c", "../b.md"].map((link, index) => `a.md:${index + 7}: ${link} leads nowhere`)
    )
  })
})
