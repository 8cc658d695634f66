/**
 * Google's client, in a stream. One line records it.
 */
import { GoogleGenAI } from "@google/genai"
import * as Clients from "effect-llmobs/Clients"
import * as LLMObs from "effect-llmobs/LLMObs"
import * as Effect from "effect/Effect"
import type { ProviderServer } from "../../providers/ProviderServer.ts"
import { main } from "./Run.ts"

export const program = (server: ProviderServer) => {
  const google = Clients.wrap(new GoogleGenAI({ apiKey: "local", httpOptions: { baseUrl: server.origin } }))

  return Effect.tryPromise(async () => {
    let text = ""
    for await (
      const part of await google.models.generateContentStream({
        model: "gemini-3-pro",
        contents: "Tell me about Oslo."
      })
    ) text += part.text ?? ""
    return text
  }).pipe(LLMObs.workflow("guide"))
}

if (import.meta.main) await main(program)
