/**
 * Vercel's AI SDK: an agent with a tool, and a streamed answer. One line records both.
 */
import { createOpenAI } from "@ai-sdk/openai"
import { generateText, isStepCount, jsonSchema, streamText, tool } from "ai"
import * as AiSdk from "effect-llmobs/AiSdk"
import * as LLMObs from "effect-llmobs/LLMObs"
import * as Effect from "effect/Effect"
import type { ProviderServer } from "../../providers/ProviderServer.ts"
import { main } from "../clients/Run.ts"

AiSdk.register()

export const program = (server: ProviderServer) => {
  const model = createOpenAI({ apiKey: "local", baseURL: server.openai })("gpt-5")

  const weather = tool({
    description: "The weather in a city",
    inputSchema: jsonSchema<{ city: string }>({
      type: "object",
      properties: { city: { type: "string" } },
      required: ["city"]
    }),
    execute: async ({ city }) => `It rains in ${city}.`
  })

  const ask = async () => {
    await generateText({
      model,
      prompt: "How is the weather in Oslo?",
      tools: { weather },
      stopWhen: isStepCount(3),
      // A session of the program's user, which the call includes in its telemetry.
      runtimeContext: { sessionId: "s-1" },
      telemetry: { includeRuntimeContext: { sessionId: true } }
    })
    let text = ""
    for await (const piece of streamText({ model, prompt: "Tell me about Oslo." }).textStream) text += piece
    return text
  }

  return Effect.tryPromise(ask).pipe(LLMObs.agent("guide"))
}

if (import.meta.main) await main(program)
