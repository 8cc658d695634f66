import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { loadedBy, publicPaths, summary } from "../../scripts/LoadedModules.ts"
import type { Loads } from "../../scripts/LoadedModules.ts"
import * as SourceFile from "../../scripts/SourceFile.ts"

type Row = Pick<Loads, "effect"> & Partial<Omit<Loads, "effect" | "files">>

// The modules that a program loads when it imports a path. An addition to a row makes each such program start later.
const table: { readonly [path: string]: Row } = {
  "effect-llmobs": { effect: "stable", costly: ["Stream"] },
  "effect-llmobs/LLMObs": { effect: "stable" },
  "effect-llmobs/LLMObsStream": { effect: "stable", costly: ["Stream"] },
  "effect-llmobs/Redaction": { effect: "none" },
  "effect-llmobs/core": { effect: "none" },
  "effect-llmobs/wire": { effect: "none" },
  "effect-llmobs/Decisions": { effect: "stable", costly: ["Schema", "http"] },
  "effect-llmobs/AgentWriter": { effect: "stable" },
  "effect-llmobs/IntakeWriter": { effect: "stable" },
  "effect-llmobs/AmbientContext": { effect: "stable" },
  "effect-llmobs/Transport": { effect: "stable" },
  "effect-llmobs/Bedrock": { effect: "stable" },
  "effect-llmobs/Clients": { effect: "stable" },
  "effect-llmobs/Testing": { effect: "stable" },
  "effect-llmobs/IdGenerator": { effect: "stable" },
  "effect-llmobs/DdTrace": { effect: "stable", node: ["node:diagnostics_channel", "node:module"] },
  "effect-llmobs/Express": { effect: "stable" },
  "effect-llmobs/Fastify": { effect: "stable" },
  "effect-llmobs/Fetch": { effect: "stable" },
  "effect-llmobs/HttpClient": { effect: "unstable", costly: ["Schema", "Stream", "http"] },
  "effect-llmobs/Node": { effect: "stable", costly: ["Stream"], node: ["node:async_hooks", "node:events"] },
  "effect-llmobs/Mastra": { effect: "stable" },
  "effect-llmobs/Mcp": { effect: "stable" },
  "effect-llmobs/NodeHttp": { effect: "stable", node: ["node:async_hooks"] },
  "effect-llmobs/AiSdk": { effect: "stable" },
  "effect-llmobs/LangChain": { effect: "stable" },
  "effect-llmobs/OpenAiAgents": { effect: "stable" },
  "effect-llmobs/EffectAi": { effect: "unstable", costly: ["Schema", "Stream", "http"] },
  "effect-llmobs/Otel": { effect: "stable" },
  "effect-llmobs/OtelProcessor": { effect: "stable" },
  "effect-llmobs/RedisOutbox": {
    effect: "unstable",
    costly: ["Schema", "Config", "Stream", "http"],
    node: ["node:crypto"],
    packages: ["@effect/platform-node"]
  },
  "effect-llmobs/Relay": {
    effect: "unstable",
    costly: ["Schema", "Config", "Stream", "http"],
    node: ["node:crypto"],
    packages: ["@effect/platform-node"]
  },
  "effect-llmobs/RequestSession": { effect: "stable" }
}

const nothing = { costly: [], node: [], packages: [] }

describe("the public paths", () => {
  it("lists the same public paths as the table", () => {
    assert.deepStrictEqual([...publicPaths()].sort(), Object.keys(table).sort())
  })

  for (const [path, row] of Object.entries(table)) {
    it(`loads the modules that the table lists: ${path}`, async () => {
      const { files, ...loads } = summary(await loadedBy(path))
      assert.isAbove(files, 0)
      assert.deepStrictEqual(loads, { ...nothing, ...row })
    })
  }

  it("loads only the domain for the core, without its schemas and programs", async () => {
    const urls = (await loadedBy("effect-llmobs/core")).map(({ url }) => url)
    assert.deepStrictEqual(urls.filter((url) => !url.includes("/src/domain/")), [])
    assert.deepStrictEqual(urls.filter((url) => /\/src\/domain\/(?:schema|program)\//.test(url)), [])
  })
})

describe("the page of runtimes", () => {
  it("has the size of each public path; npm run sizes-page writes them", () => {
    const page = readFileSync(new URL("../../docs/runtimes.md", import.meta.url), "utf8")
    assert.deepStrictEqual(publicPaths().filter((path) => !page.includes(`| \`${path}\` `)), [])
  })
})

describe("the modules of a layer", () => {
  const files = new Map(SourceFile.readAll("src").map((file) => [file.path, file]))

  /** What a file loads at once or later, through other files of ours. */
  const reached = (path: string): ReadonlyArray<string> => {
    const found = new Set([path])
    for (const each of found) for (const loaded of files.get(each)?.loads ?? []) found.add(loaded)
    return [...found]
  }

  it("import no module of Node, so that a bundle of them loads in a Worker", () => {
    const modules = reached("src/layers/index.ts")
    assert.include(modules, "src/adapters/sqlite/SqliteThread.ts")
    assert.include(modules, "src/adapters/node-transport/ProxyTunnel.ts")
    assert.deepStrictEqual(modules.filter((module) => module.startsWith("node:")), [])
  })
})

describe("the summary of loaded modules", () => {
  const base = "/p"
  const importer = "file:///p/src/layers/A.ts"
  const entry = { url: importer, importer: "file:///p/[eval1]" }

  it("counts our files once, and names the packages and Node modules that they import", () => {
    const modules = [
      entry,
      { url: "file:///p/src/domain/B.ts", importer },
      { url: "file:///p/src/domain/B.ts", importer: entry.importer },
      { url: "node:fs", importer },
      { url: "file:///p/node_modules/@a/b/dist/index.js", importer },
      { url: "node:zlib", importer: "file:///p/node_modules/@a/b/dist/index.js" }
    ]
    assert.deepStrictEqual(summary(modules, base), {
      files: 2,
      effect: "none",
      costly: [],
      node: ["node:fs"],
      packages: ["@a/b"]
    })
  })

  it("tells stable modules of Effect from unstable ones, and finds costly ones that another module loads", () => {
    const stable = { url: "file:///p/node_modules/effect/dist/Effect.js", importer }
    const schema = { url: "file:///p/node_modules/effect/dist/Schema.js", importer: stable.url }
    const http = { url: "file:///p/node_modules/effect/dist/http/HttpClient.js", importer }
    assert.deepStrictEqual(summary([entry, stable], base).effect, "stable")
    assert.deepStrictEqual(summary([entry, stable, schema], base).costly, ["Schema"])
    assert.deepStrictEqual(summary([entry, stable, http], base).effect, "unstable")
    assert.deepStrictEqual(summary([entry, stable, http], base).costly, ["http"])
  })
})
