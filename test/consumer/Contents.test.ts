import { assert, describe, it } from "@effect/vitest"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import * as Contents from "./Contents.ts"

const manifest = {
  name: "p",
  bin: { p: "./dist/Main.js" },
  exports: {
    "./package.json": "./package.json",
    "./Main": { source: "./src/Main.ts", types: "./dist/Main.d.ts", default: "./dist/Main.js" },
    "./core/*": { types: "./dist/core/*.d.ts", default: "./dist/core/*.js" }
  }
}

const built = (stem: string): { readonly [path: string]: string } => {
  const name = Path.posix.basename(stem)
  const sources = JSON.stringify({
    sources: [`${Path.posix.dirname(stem) === "." ? ".." : "../.."}/src/${stem}.ts`]
  })
  return {
    [`src/${stem}.ts`]: "export {}\n",
    [`dist/${stem}.js`]: `export {}\n//# sourceMappingURL=${name}.js.map`,
    [`dist/${stem}.d.ts`]: `export {}\n//# sourceMappingURL=${name}.d.ts.map`,
    [`dist/${stem}.js.map`]: sources,
    [`dist/${stem}.d.ts.map`]: sources
  }
}

const whole: { readonly [path: string]: string } = {
  "package.json": JSON.stringify(manifest),
  "README.md": "# P\n\n[One](docs/One.md#one)\n",
  "SECURITY.md": "",
  "docs/One.md": "# One\n",
  LICENSE: "",
  "CHANGELOG.md": "",
  ...built("Main"),
  ...built("core/One")
}

/** The faults of the whole package with some files changed, or taken out. The project keeps all its sources. */
const faultsWith = (changes: { readonly [path: string]: string | undefined }): ReadonlyArray<string> => {
  const root = Fs.mkdtempSync(Path.join(Os.tmpdir(), "contents-"))
  const lay = (folder: string, files: { readonly [path: string]: string | undefined }) => {
    for (const [path, text] of Object.entries(files)) {
      if (text === undefined) continue
      Fs.mkdirSync(Path.dirname(Path.join(folder, path)), { recursive: true })
      Fs.writeFileSync(Path.join(folder, path), text.replace("<root>", root))
    }
  }
  try {
    lay(root, whole)
    lay(Path.join(root, "packed"), { ...whole, ...changes })
    return Contents.faults(Path.join(root, "packed"), root).map((fault) => fault.replace(root, "<root>"))
  } finally {
    Fs.rmSync(root, { recursive: true, force: true })
  }
}

describe("Contents", () => {
  it("finds no fault when every source was built and nothing else is there", () => {
    assert.deepEqual(faultsWith({}), [])
  })

  it("fills in every entry", () => {
    const specifiers = Contents.entries(manifest, Object.keys(whole)).map((entry) => entry.specifier)
    assert.deepEqual(specifiers, ["p/package.json", "p/Main", "p/core/One"])
  })

  const wrong: ReadonlyArray<
    readonly [string, { readonly [path: string]: string | undefined }, ReadonlyArray<string>]
  > = [
    ["a test", { "src/Main.test.ts": "" }, ["src/Main.test.ts has no business in the package"]],
    [
      "a built file of a source that is gone",
      built("Gone"),
      Object.keys(built("Gone")).map((path) => `${path} has no business in the package`)
    ],
    ["no licence", { LICENSE: undefined }, ["LICENSE is missing"]],
    ["an entry without its types", { "dist/core/One.d.ts": undefined }, [
      "dist/core/One.d.ts is missing",
      "p/core/One: no ./dist/core/One.d.ts"
    ]],
    ["an entry that declares no types", {
      "package.json": JSON.stringify({ ...manifest, exports: { "./Main": "./dist/Main.js" } })
    }, ["p/Main: no types"]],
    ["a command without a file", { "package.json": JSON.stringify({ ...manifest, bin: { p: "./dist/main.js" } }) }, [
      "p: no ./dist/main.js"
    ]],
    ["a pattern that matches nothing", {
      "package.json": JSON.stringify({
        ...manifest,
        exports: { "./more/*": { types: "./dist/more/*.d.ts", default: "./dist/more/*.js" } }
      })
    }, ["./more/* matches no file"]],
    ["a map that points at nothing", { "dist/Main.js.map": "{\"sources\":[\"../lib/Main.ts\"]}" }, [
      "dist/Main.js.map points at ../lib/Main.ts"
    ]],
    ["a module that is bundled twice", {
      "dist/chunks/a.js": "import \"../Main.js\"\n//# sourceMappingURL=a.js.map",
      "dist/chunks/a.js.map": "{\"sources\":[\"../../src/Main.ts\"]}"
    }, ["src/Main.ts is in dist/Main.js.map and in dist/chunks/a.js.map"]],
    ["a chunk that nothing imports", { "dist/chunks/a.js": "export {}\n" }, [
      "dist/chunks/a.js has no business in the package"
    ]],
    ["a file that says nothing of its map", { "dist/Main.js": "export {}\n" }, ["dist/Main.js points at a map"]],
    ["a page that is left out", { "docs/One.md": undefined }, [
      "docs/One.md is missing",
      "README.md:3: docs/One.md#one leads nowhere"
    ]],
    ["a place of this machine", { "src/Main.ts": "export const at = \"<root>/x\"\n" }, ["src/Main.ts names <root>/"]]
  ]
  for (const [what, changes, expected] of wrong) {
    it(`finds a fault in ${what}`, () => {
      assert.includeMembers([...faultsWith(changes)], [...expected])
    })
  }
})
