import { assert, describe, it } from "@effect/vitest"
import * as ProviderCall from "../../../src/domain/provider/ProviderCall.ts"

// Address, body, and the event: kind, name, provider, model of the address.
const calls: ReadonlyArray<readonly [url: string, body: object, call: string]> = [
  [
    "https://api.openai.com/v1/chat/completions",
    { model: "m", messages: [] },
    "llm OpenAI.createChatCompletion openai"
  ],
  ["https://api.openai.com/v1/completions", { model: "m", prompt: "p" }, "llm OpenAI.createCompletion openai"],
  ["https://api.openai.com/v1/responses", { model: "m", input: "i" }, "llm OpenAI.createResponse openai"],
  ["https://api.openai.com/v1/responses", { prompt: { id: "p" } }, "llm OpenAI.createResponse openai"],
  ["https://api.openai.com/v1/embeddings", { model: "m", input: "i" }, "embedding OpenAI.createEmbedding openai"],
  ["http://localhost:8080/v1/chat/completions", { model: "m", messages: [] }, "llm OpenAI.createChatCompletion openai"],
  [
    "https://api.deepseek.com/chat/completions",
    { model: "m", messages: [] },
    "llm DeepSeek.createChatCompletion deepseek"
  ],
  [
    "https://api.groq.com/openai/v1/chat/completions",
    { model: "m", messages: [] },
    "llm OpenAI.createChatCompletion groq"
  ],
  [
    "https://shop.openai.azure.com/openai/v1/responses",
    { model: "m", input: "i" },
    "llm AzureOpenAI.createResponse azure_openai"
  ],
  [
    "http://proxy.local/openai/deployments/gpt%205/chat/completions",
    { messages: [] },
    "llm AzureOpenAI.createChatCompletion azure_openai gpt 5"
  ],
  ["https://api.anthropic.com/v1/messages", { model: "m", messages: [] }, "llm anthropic.request anthropic"],
  [
    "https://us-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/anthropic/models/claude-5:streamRawPredict",
    { messages: [] },
    "llm anthropic.request anthropic claude-5"
  ],
  [
    "https://generativelanguage.googleapis.com/v1beta/models/gemini-3:generateContent",
    { contents: [] },
    "llm google_genai.request google gemini-3"
  ],
  [
    "https://generativelanguage.googleapis.com/v1beta/models/gemini-3:streamGenerateContent",
    { contents: [] },
    "llm google_genai.request google gemini-3"
  ],
  [
    "https://generativelanguage.googleapis.com/v1beta/models/e:batchEmbedContents",
    { requests: [] },
    "embedding google_genai.request google e"
  ]
]

const noCalls: ReadonlyArray<readonly [url: string, body: object]> = [
  ["https://shop.example/surveys/7/responses", { answers: [] }],
  ["https://shop.example/surveys/7/responses", { input: "i" }],
  ["https://shop.example/v1/messages", { model: "m", text: "hello" }],
  ["https://api.openai.com/v1/responses/resp_1/cancel", { model: "m", input: "i" }],
  ["https://api.openai.com/v1/files", { model: "m", input: "i" }],
  ["https://shop.example/models/m:predict", { contents: [] }]
]

const read = (url: string, body: object): string | undefined => {
  const address = new URL(url)
  const call = ProviderCall.fromAddress(address)
  if (call === undefined || !ProviderCall.isRequest(address, body as {})) return undefined
  return [call.kind, call.name, call.provider, call.model].filter((part) => part !== undefined).join(" ")
}

describe("ProviderCall", () => {
  for (const [url, body, call] of calls) {
    it(`knows the call of a request by its address and body: ${url}`, () => {
      assert.strictEqual(read(url, body), call)
    })
  }

  for (const [url, body] of noCalls) {
    it(`knows no call of a provider in a request of another service: ${url} ${JSON.stringify(body)}`, () => {
      assert.isUndefined(read(url, body))
    })
  }
})
