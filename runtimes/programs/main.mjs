// With the variables of its process: to the Agent, and into the folder of a durable outbox if one is named.
import * as LLMObs from "effect-llmobs/LLMObs"
import * as Effect from "effect/Effect"
import { support } from "./spans.mjs"

const directory = process.env.OUTBOX
const Live = LLMObs.layerFromConfig({
  mlApp: "shop",
  flushTimeout: process.env.FLUSH_TIMEOUT ?? "1 minute",
  ...(directory === undefined ? undefined : { durable: { directory } })
})

const program = process.env.SPANS === "none" ? LLMObs.flush : support

await Effect.runPromise(program.pipe(Effect.provide(Live)))
