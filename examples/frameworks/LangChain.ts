/**
 * LangGraph: a graph that calls a model and its tool. One line records it, with the thread as its session.
 */
import { registerConfigureHook } from "@langchain/core/context"
import { HumanMessage } from "@langchain/core/messages"
import { tool } from "@langchain/core/tools"
import { MessagesAnnotation, StateGraph } from "@langchain/langgraph"
import { ToolNode } from "@langchain/langgraph/prebuilt"
import { ChatOpenAI } from "@langchain/openai"
import * as LangChain from "effect-llmobs/LangChain"
import * as LLMObs from "effect-llmobs/LLMObs"
import * as Effect from "effect/Effect"
import * as z from "zod"
import type { ProviderServer } from "../../providers/ProviderServer.ts"
import { main } from "../clients/Run.ts"

LangChain.register(registerConfigureHook)

export const program = (server: ProviderServer) => {
  const weather = tool(async ({ city }: { city: string }) => `It rains in ${city}.`, {
    name: "weather",
    description: "The weather in a city",
    schema: z.object({ city: z.string() })
  })
  const model = new ChatOpenAI({ model: "gpt-5", apiKey: "local", configuration: { baseURL: server.openai } })
    .bindTools([weather])

  const graph = new StateGraph(MessagesAnnotation)
    .addNode("model", async ({ messages }) => ({ messages: [await model.invoke(messages)] }))
    .addNode("tools", new ToolNode([weather]))
    .addEdge("__start__", "model")
    .addConditionalEdges("model", ({ messages }) => {
      const last = messages.at(-1)
      return last !== undefined && "tool_calls" in last && Array.isArray(last.tool_calls) && last.tool_calls.length > 0
        ? "tools"
        : "__end__"
    })
    .addEdge("tools", "model")
    .compile()

  return Effect.tryPromise(() =>
    graph.invoke({ messages: [new HumanMessage("How is the weather in Oslo?")] }, {
      configurable: { thread_id: "t-1" }
    })
  ).pipe(LLMObs.agent("guide"))
}

if (import.meta.main) await main(program)
