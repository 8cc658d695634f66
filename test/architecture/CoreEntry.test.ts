import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import * as CoreIndex from "../../scripts/CoreIndex.ts"
import { loadedBy } from "./LoadedModules.ts"

describe("effect-llmobs/core", () => {
  it("names every concept of the domain (npm run core-index writes it)", () => {
    assert.strictEqual(readFileSync(CoreIndex.file, "utf8"), CoreIndex.render())
  })

  it("loads no module of Effect, of Node or of any package", async () => {
    const urls = await loadedBy("effect-llmobs/core")
    assert.isTrue(urls.some((url) => url.endsWith("/src/domain/index.ts")))
    assert.deepStrictEqual(urls.filter((url) => !url.includes("/src/domain/")), [])
  })

  it("gives each concept under a path of its own", async () => {
    const urls = await loadedBy("effect-llmobs/core/SpanId")
    assert.isTrue(urls.some((url) => url.endsWith("/src/domain/SpanId.ts")))
  })
})
