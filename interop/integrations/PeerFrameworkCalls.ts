/** The same calls of a framework, for this library and for Datadog's tracer. */
import { createOpenAI } from "@ai-sdk/openai"
import { embed, generateText, isStepCount, jsonSchema, streamText, tool } from "ai"

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
