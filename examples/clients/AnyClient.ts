/**
 * A call by plain `fetch`, as any client makes it. `Clients.layer` records it: the program has no line for it.
 */
import * as Clients from "effect-llmobs/Clients"
import * as LLMObs from "effect-llmobs/LLMObs"
import * as Effect from "effect/Effect"
import type { ProviderServer } from "../../providers/ProviderServer.ts"
import { main } from "./Run.ts"

export const layer = Clients.layer

export const program = (server: ProviderServer) =>
  Effect.tryPromise(async () => {
    const response = await fetch(`${server.openai}/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "mistral-large", messages: [{ role: "user", content: "Where is parcel 7?" }] })
    })
    return response.json()
  }).pipe(LLMObs.workflow("support"))

if (import.meta.main) await main(program, layer)
