/** The same calls of a framework, for this library and for Datadog's tracer. */
import { createOpenAI } from "@ai-sdk/openai"
import { tool as langChainTool } from "@langchain/core/tools"
import { ChatOpenAI } from "@langchain/openai"
import * as agents from "@openai/agents"
import { embed, generateText, isStepCount, jsonSchema, streamText, tool } from "ai"
import OpenAI from "openai"

const schema = { type: "object" as const, properties: { city: { type: "string" as const } }, required: ["city"] }

/** Makes the calls of the AI SDK, one after the other. */
export const aiSdk = async (baseURL: string): Promise<void> => {
  const openai = createOpenAI({ apiKey: "k", baseURL })
  const model = openai("gpt-5")
  const weather = tool({
    description: "The weather",
    inputSchema: jsonSchema<{ city: string }>(schema),
    execute: ({ city }) => Promise.resolve(`It rains in ${city}.`)
  })
  await generateText({
    model,
    instructions: "Be brief.",
    prompt: "Weather?",
    tools: { weather },
    stopWhen: isStepCount(3),
    telemetry: { functionId: "ask" }
  })
  for await (const _ of streamText({ model, prompt: "Hi" }).textStream);
  await generateText({ model, prompt: "[status 400] Hi", maxRetries: 0 }).catch(() => undefined)
  await embed({ model: openai.embedding("text-embedding-3-small"), value: "one" })
}

// The two forms of a tool's type have no call in common.
interface Callable {
  readonly invoke: (call: object) => Promise<unknown>
}

/** Makes the calls of LangChain. */
export const langChain = async (baseURL: string): Promise<void> => {
  const options = { model: "gpt-5", apiKey: "k", temperature: 0.5, maxRetries: 0, configuration: { baseURL } }
  const model = new ChatOpenAI(options)
  const weather = langChainTool(
    ({ city }: { readonly city: string }) => Promise.resolve(`It rains in ${city}.`),
    { name: "weather", description: "The weather", schema }
  )
  const asked = await model.bindTools([weather]).invoke("Weather?")
  await (weather as unknown as Callable).invoke(asked.tool_calls![0]!)
  for await (const _ of await model.stream("Hi"));
  await model.invoke("[status 400] Hi").catch(() => undefined)
}

/** Makes the calls of OpenAI Agents. */
export const openAiAgents = async (baseURL: string): Promise<void> => {
  const openAIClient = new OpenAI({ apiKey: "k", baseURL, maxRetries: 0 })
  const weather = agents.tool({
    name: "weather",
    description: "The weather",
    strict: false,
    parameters: { ...schema, additionalProperties: true },
    execute: (input) => Promise.resolve(`It rains in ${(input as { readonly city: string }).city}.`)
  })
  const clerk = new agents.Agent({ name: "clerk", instructions: "Be brief.", tools: [weather], model: "gpt-5" })
  for (const useResponses of [true, false]) {
    const modelProvider = new agents.OpenAIProvider({ openAIClient: openAIClient as never, useResponses })
    const runner = new agents.Runner({ modelProvider, workflowName: "shop", groupId: "s-1" })
    await runner.run(clerk, "Weather?")
    await runner.run(clerk, "[status 400] Hi").catch(() => undefined)
  }
}
