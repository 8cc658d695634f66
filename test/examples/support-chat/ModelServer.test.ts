import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import OpenAI from "openai"
import * as ModelServer from "../../../examples/support-chat/ModelServer.ts"

const tools: Array<OpenAI.ChatCompletionTool> = [
  { type: "function", function: { name: "track_parcel", parameters: { type: "object" } } }
]

const asking: Array<OpenAI.ChatCompletionMessageParam> = [{ role: "user", content: "Where is PX-1007?" }]

const served: Array<OpenAI.ChatCompletionMessageParam> = [
  ...asking,
  { role: "tool", tool_call_id: "call_PX1007", content: JSON.stringify({ parcel: "PX-1007", status: "here" }) }
]

const withClient = <A>(use: (client: OpenAI, baseURL: string) => Promise<A>): Effect.Effect<A> =>
  Effect.scoped(Effect.gen(function*() {
    const baseURL = yield* ModelServer.start
    return yield* Effect.promise(() => use(new OpenAI({ baseURL, apiKey: "sk-example", maxRetries: 0 }), baseURL))
  }))

describe("ModelServer", () => {
  it.live("asks the openai client to call its tool, with usage", () =>
    Effect.gen(function*() {
      const { choices, usage } = yield* withClient((client) =>
        client.chat.completions.create({ model: "m", messages: asking, tools })
      )
      assert.strictEqual(choices[0]!.finish_reason, "tool_calls")
      assert.deepStrictEqual(choices[0]!.message.tool_calls, [
        {
          id: "call_PX1007",
          type: "function",
          function: { name: "track_parcel", arguments: "{\"parcel\":\"PX-1007\"}" }
        }
      ])
      assert.isAbove(usage!.completion_tokens, 0)
      assert.strictEqual(usage!.total_tokens, usage!.prompt_tokens + usage!.completion_tokens)
    }))

  it.live("streams pieces, then the usage in a chunk without choices", () =>
    Effect.gen(function*() {
      const chunks = yield* withClient(async (client) => {
        const received: Array<OpenAI.ChatCompletionChunk> = []
        const stream = await client.chat.completions.create({
          model: "m",
          messages: served,
          stream: true,
          stream_options: { include_usage: true }
        })
        for await (const chunk of stream) received.push(chunk)
        return received
      })
      const pieces = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").filter((text) => text !== "")
      assert.isAbove(pieces.length, 2)
      assert.match(pieces.join(""), /^Your parcel PX-1007 is here/)
      assert.deepStrictEqual(chunks.at(-1)!.choices, [])
      assert.isAbove(chunks.at(-1)!.usage!.completion_tokens, 0)
    }))

  it.live("refuses in OpenAI's form a missing key, missing messages and an unknown address", () =>
    Effect.gen(function*() {
      const statuses = yield* withClient(async (_, baseURL) => {
        const post = (path: string, headers: Record<string, string>, body: string) =>
          fetch(`${baseURL}${path}`, { method: "POST", headers, body }).then(async (response) => [
            response.status,
            ((await response.json()) as { readonly error: { readonly code: string } }).error.code
          ])
        const key = { authorization: "Bearer sk-example" }
        return [
          await post("/chat/completions", {}, "{}"),
          await post("/chat/completions", key, "{\"model\":\"m\"}"),
          await post("/chat/completions", key, "{"),
          await post("/embeddings", key, "{}")
        ]
      })
      assert.deepStrictEqual(statuses, [
        [401, "invalid_api_key"],
        [400, "invalid_json"],
        [400, "invalid_json"],
        [404, "unknown_url"]
      ])
    }))
})
