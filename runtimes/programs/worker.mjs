// A Cloudflare Worker, as docs/runtimes.md shows it: a layer for each request, which delivers behind the response.
import * as LLMObs from "effect-llmobs/LLMObs"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { support } from "./spans.mjs"

export default {
  async fetch(_request, env, context) {
    const Variables = ConfigProvider.layer(ConfigProvider.fromUnknown(env))
    const Live = LLMObs.layerFromConfig({ mlApp: "shop", flushTimeout: "1 minute" }).pipe(Layer.provide(Variables))
    const replied = Promise.withResolvers()
    const work = support.pipe(Effect.tap(() => Effect.sync(() => replied.resolve("done"))), Effect.provide(Live))
    context.waitUntil(Effect.runPromise(work).catch(replied.reject))
    return new Response(await replied.promise)
  }
}
