// A Cloudflare Worker: a layer for each request, closed before the request's work is done.
import * as LLMObs from "effect-llmobs/LLMObs"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { support } from "./spans.mjs"

export default {
  async fetch(_request, env, context) {
    const Live = LLMObs.layerFromConfig({ mlApp: "shop" }).pipe(
      Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown(env)))
    )
    const answered = Effect.runPromise(support.pipe(
      Effect.andThen(LLMObs.flush),
      Effect.andThen(LLMObs.ledger),
      Effect.provide(Live)
    ))
    context.waitUntil(answered)
    return Response.json(await answered)
  }
}
