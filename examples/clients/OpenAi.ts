/**
 * OpenAI's client, at once and in a stream. One line records it.
 */
import * as Clients from "effect-llmobs/Clients"
import * as LLMObs from "effect-llmobs/LLMObs"
import * as Effect from "effect/Effect"
import OpenAI from "openai"
import type { ProviderServer } from "../../providers/ProviderServer.ts"
import { main } from "./Run.ts"

export const program = (server: ProviderServer) => {
  const openai = Clients.wrap(new OpenAI({ apiKey: "local", baseURL: server.openai }))

  const answer = (question: string) =>
    Effect.tryPromise(() => openai.responses.create({ model: "gpt-5", input: question })).pipe(
      Effect.map((response) => response.output_text)
    )

  // Plain promises are recorded like effects.
  const tell = async (about: string): Promise<string> => {
    const stream = await openai.chat.completions.create({
      model: "gpt-5",
      messages: [{ role: "user", content: `Tell me about ${about}.` }],
      stream: true,
      // Without this option OpenAI counts no tokens of a chat in a stream.
      stream_options: { include_usage: true }
    })
    let text = ""
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ""
    return text
  }

  return Effect.all([answer("Where is parcel 7?"), Effect.tryPromise(() => tell("Oslo"))]).pipe(
    LLMObs.workflow("support", { sessionId: "s-1" })
  )
}

if (import.meta.main) await main(program)
