/**
 * OpenAI's embeddings, as numbers or as the base64 text that its client asks for.
 */
import * as OpenAiChat from "./OpenAiChat.ts"
import type { Fields, Question, Wire } from "./Wire.ts"
import { text } from "./Wire.ts"

const vector = [0.1, 0.2, 0.3]

const encoded = Buffer.from(Float32Array.from(vector).buffer).toString("base64")

const inputs = (input: unknown): ReadonlyArray<unknown> =>
  Array.isArray(input) && typeof input[0] !== "number" ? input : [input]

const whole = ({ body, model }: Question): Fields => ({
  object: "list",
  model,
  data: inputs(body["input"]).map((_, index) => ({
    object: "embedding",
    index,
    embedding: body["encoding_format"] === "base64" ? encoded : vector
  })),
  usage: { prompt_tokens: 7, total_tokens: 7 }
})

export const wire: Wire = {
  matches: (path) => path.endsWith("/embeddings"),
  question: (_path, body) => ({
    text: inputs(body["input"]).map(text).join("\n"),
    tools: [],
    hasToolResult: false,
    isStream: false,
    model: text(body["model"]),
    body
  }),
  whole,
  stream: () => [],
  failure: OpenAiChat.failure,
  headers: OpenAiChat.headers
}
