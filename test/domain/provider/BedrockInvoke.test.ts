import { assert, describe, it } from "@effect/vitest"
import * as BedrockInvoke from "../../../src/domain/provider/BedrockInvoke.ts"

// Bodies of requests and answers, by family of models.
const families: ReadonlyArray<readonly [name: string, request: object, answer: object]> = [
  ["Llama", { prompt: "Hi" }, { generation: "Hello", prompt_token_count: 3, generation_token_count: 2 }],
  ["Titan", { inputText: "Hi" }, { inputTextTokenCount: 3, results: [{ outputText: "Hello", tokenCount: 2 }] }],
  ["Mistral", { prompt: "Hi" }, { outputs: [{ text: "Hello" }] }],
  ["Cohere", { message: "Hi" }, { text: "Hello" }],
  ["Cohere's Command", { prompt: "Hi" }, { generations: [{ text: "Hello" }] }],
  ["AI21", { prompt: "Hi" }, { completions: [{ data: { text: "Hello" } }] }],
  [
    "the last part of a stream",
    { prompt: "Hi" },
    { generation: "Hello", "amazon-bedrock-invocationMetrics": { inputTokenCount: 3, outputTokenCount: 2 } }
  ]
]

describe("BedrockInvoke", () => {
  for (const [name, request, answer] of families) {
    it(`reads the text, the parameters and the tokens of ${name}`, () => {
      assert.deepStrictEqual(BedrockInvoke.request({ ...request, temperature: 1 } as {}), {
        messages: [{ role: "user", content: "Hi" }],
        temperature: 1
      })
      assert.strictEqual(BedrockInvoke.text(answer as {}), "Hello")
      assert.deepStrictEqual(
        BedrockInvoke.metrics(answer as {}),
        JSON.stringify(answer).includes("oken") ? { input_tokens: 3, output_tokens: 2, total_tokens: 5 } : undefined
      )
    })
  }

  it("leaves bodies with messages as they are, and reads nothing of others", () => {
    const body = { messages: [], max_tokens: 1 }
    assert.strictEqual(BedrockInvoke.request(body), body)
    assert.isUndefined(BedrockInvoke.text({ other: 1 }))
    assert.isUndefined(BedrockInvoke.metrics({ other: 1 }))
  })
})
