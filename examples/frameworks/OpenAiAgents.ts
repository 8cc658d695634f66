/**
 * OpenAI Agents: an agent with a tool. One line records it, with the group of the runs as its session.
 */
import * as agents from "@openai/agents"
import * as LLMObs from "effect-llmobs/LLMObs"
import * as OpenAiAgents from "effect-llmobs/OpenAiAgents"
import * as Effect from "effect/Effect"
import * as z from "zod"
import type { ProviderServer } from "../../providers/ProviderServer.ts"
import { main } from "../clients/Run.ts"

OpenAiAgents.register(agents)

export const program = (server: ProviderServer) => {
  const weather = agents.tool({
    name: "weather",
    description: "The weather in a city",
    parameters: z.object({ city: z.string() }),
    execute: ({ city }) => `It rains in ${city}.`
  })
  const guide = new agents.Agent({ name: "guide", instructions: "Be brief.", tools: [weather], model: "gpt-5" })
  const runner = new agents.Runner({
    modelProvider: new agents.OpenAIProvider({ apiKey: "local", baseURL: server.openai }),
    groupId: "s-1"
  })

  return Effect.tryPromise(() => runner.run(guide, "How is the weather in Oslo?")).pipe(LLMObs.workflow("support"))
}

if (import.meta.main) await main(program)
