import { assert, describe, it } from "@effect/vitest"
import { loadedBy } from "./LoadedModules.ts"

// What these cost at start-up is more than all the rest of the face; they come in when the layer is built.
const late = ["Schema", "Config", "Stream"]

describe("effect-llmobs/LLMObs", () => {
  it("loads neither Schema, Config, Stream nor HTTP when it is imported", async () => {
    const urls = await loadedBy("effect-llmobs/LLMObs")
    assert.isTrue(urls.some((url) => url.endsWith("/src/layers/LLMObs.ts")))
    assert.isTrue(urls.some((url) => url.endsWith("/effect/dist/Effect.js")))
    assert.deepStrictEqual(
      urls.filter((url) =>
        late.some((name) => url.endsWith(`/effect/dist/${name}.js`)) || url.includes("/effect/dist/http/")
      ),
      []
    )
  })
})
