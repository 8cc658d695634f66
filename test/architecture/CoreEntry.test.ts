import { assert, describe, it } from "@effect/vitest"
import { loadedBy } from "./LoadedModules.ts"

describe("effect-llmobs/core", () => {
  it("loads no module of Effect, of Node or of any package", async () => {
    const urls = await loadedBy("effect-llmobs/core")
    assert.isTrue(urls.some((url) => url.endsWith("/src/domain/index.ts")))
    assert.deepStrictEqual(urls.filter((url) => !url.includes("/src/domain/")), [])
  })
})
