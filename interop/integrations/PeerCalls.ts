/** The same calls of three clients, for this library and for Datadog's tracer. */
import Anthropic from "@anthropic-ai/sdk"
import { GoogleGenAI } from "@google/genai"
import OpenAI from "openai"

const schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] }

export interface Clients {
  readonly openai: OpenAI
  readonly anthropic: Anthropic
  readonly google: GoogleGenAI
}

export const make = (origin: string): Clients => ({
  openai: new OpenAI({ apiKey: "k", baseURL: `${origin}/v1`, maxRetries: 0 }),
  anthropic: new Anthropic({ apiKey: "k", baseURL: origin, maxRetries: 0 }),
  google: new GoogleGenAI({ apiKey: "k", httpOptions: { baseUrl: origin } })
})

const drain = async (stream: AsyncIterable<unknown>): Promise<void> => {
  for await (const _ of stream);
}

const user = (content: string) => [{ role: "user" as const, content }]

export const calls: ReadonlyArray<readonly [name: string, call: (clients: Clients) => Promise<unknown>]> = [
  [
    "openai chat",
    ({ openai }) => openai.chat.completions.create({ model: "gpt-5", messages: user("Hi"), temperature: 0.2 })
  ],
  ["openai chat stream", async ({ openai }) =>
    drain(
      await openai.chat.completions.create({
        model: "gpt-5",
        messages: user("Hi"),
        stream: true,
        stream_options: { include_usage: true }
      })
    )],
  ["openai chat tool", ({ openai }) =>
    openai.chat.completions.create({
      model: "gpt-5",
      messages: user("Weather?"),
      tools: [{ type: "function", function: { name: "weather", parameters: schema } }]
    })],
  [
    "openai chat refused",
    ({ openai }) => openai.chat.completions.create({ model: "gpt-5", messages: user("[status 400] Hi") })
  ],
  [
    "openai response",
    ({ openai }) =>
      openai.responses.create({ model: "gpt-5", input: "Hi", instructions: "Be brief.", temperature: 0.2 })
  ],
  [
    "openai response stream",
    async ({ openai }) => drain(await openai.responses.create({ model: "gpt-5", input: "Hi", stream: true }))
  ],
  ["openai response tool", ({ openai }) =>
    openai.responses.create({
      model: "gpt-5",
      input: "Weather?",
      tools: [{ type: "function", name: "weather", parameters: schema, strict: false }]
    })],
  ["openai embedding", ({ openai }) => openai.embeddings.create({ model: "text-embedding-3", input: ["a", "b"] })],
  ["anthropic", ({ anthropic }) =>
    anthropic.messages.create({
      model: "claude-opus-5",
      max_tokens: 100,
      system: "Be brief.",
      messages: user("Hi"),
      stop_sequences: ["END"]
    })],
  ["anthropic stream", async ({ anthropic }) =>
    drain(
      await anthropic.messages.create({ model: "claude-opus-5", max_tokens: 100, messages: user("Hi"), stream: true })
    )],
  ["anthropic tool", ({ anthropic }) =>
    anthropic.messages.create({
      model: "claude-opus-5",
      max_tokens: 100,
      messages: user("Weather?"),
      tools: [{ name: "weather", input_schema: schema as Anthropic.Tool.InputSchema }]
    })],
  [
    "anthropic refused",
    ({ anthropic }) =>
      anthropic.messages.create({ model: "claude-opus-5", max_tokens: 100, messages: user("[status 400] Hi") })
  ],
  [
    "google",
    ({ google }) =>
      google.models.generateContent({ model: "gemini-3-pro", contents: "Hi", config: { temperature: 0.2 } })
  ],
  [
    "google stream",
    async ({ google }) => drain(await google.models.generateContentStream({ model: "gemini-3-pro", contents: "Hi" }))
  ],
  ["google tool", ({ google }) =>
    google.models.generateContent({
      model: "gemini-3-pro",
      contents: "Weather?",
      config: { tools: [{ functionDeclarations: [{ name: "weather", parametersJsonSchema: schema }] }] }
    })]
]

/** Makes each call, one after the other. A call that fails does so for all. */
export const run = async (clients: Clients): Promise<void> => {
  for (const [, call] of calls) await call(clients).catch(() => undefined)
}
