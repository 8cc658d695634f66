/**
 * Mastra: an agent with a tool. One line in the configuration of its observability records it.
 */
import { Mastra } from "@mastra/core"
import { Agent } from "@mastra/core/agent"
import { createTool } from "@mastra/core/tools"
import { Observability } from "@mastra/observability"
import * as LLMObs from "effect-llmobs/LLMObs"
import { integration } from "effect-llmobs/Mastra"
import * as Effect from "effect/Effect"
import * as z from "zod"
import type { ProviderServer } from "../../providers/ProviderServer.ts"
import { main } from "../clients/Run.ts"

export const program = (server: ProviderServer) => {
  const weather = createTool({
    id: "weather",
    description: "The weather in a city",
    inputSchema: z.object({ city: z.string() }),
    execute: async ({ city }) => ({ text: `It rains in ${city}.` })
  })
  const guide = new Agent({
    id: "guide",
    name: "guide",
    instructions: "Be brief.",
    model: { providerId: "openai", modelId: "gpt-5", url: server.openai, apiKey: "local" },
    tools: { weather }
  })
  const mastra = new Mastra({
    agents: { guide },
    observability: new Observability({ configs: { default: { serviceName: "shop", bridge: integration } } }),
    logger: false
  })

  return Effect.tryPromise(() =>
    mastra.getAgent("guide").generate("How is the weather in Oslo?", {
      tracingOptions: { metadata: { sessionId: "s-1" } }
    })
  ).pipe(LLMObs.workflow("support"))
}

if (import.meta.main) await main(program)
