import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ProviderServer from "../../providers/ProviderServer.ts"
import * as Clients from "../../src/layers/Clients.ts"
import * as Testing from "../../src/layers/Testing.ts"
import { isInstalled, missing } from "./Installed.ts"

/** Runs a body beside a local server, and gives the texts of the answers that were recorded. */
const answers = (body: (origin: string) => Promise<void>) =>
  Effect.gen(function*() {
    const server = yield* Effect.acquireRelease(
      Effect.promise(() => ProviderServer.start()),
      (server) => Effect.promise(server.close)
    )
    yield* Effect.promise(() => body(server.origin))
    return (yield* Testing.events({ kind: "llm" })).map(({ output }) => Testing.texts(output).join())
  }).pipe(Effect.scoped, Effect.provide(Testing.layer()), Effect.runPromise)

const said = "You said: Hi"

describe("Clients.wrap below the helpers of a client", () => {
  it("records OpenAI's streams, raw responses and copies of the client", async (ctx) => {
    if (!isInstalled("openai")) ctx.skip(missing("openai"))
    const { default: OpenAI } = await import("openai")
    const found = await answers(async (origin) => {
      const openai = Clients.wrap(new OpenAI({ apiKey: "k", baseURL: `${origin}/v1` }))
      const body = { model: "gpt-5", messages: [{ role: "user" as const, content: "Hi" }] }
      assert.strictEqual(await openai.chat.completions.stream(body).finalContent(), said)
      assert.strictEqual(
        (await openai.responses.stream({ model: "gpt-5", input: "Hi" }).finalResponse()).output_text,
        said
      )
      const { data, request_id, response } = await openai.chat.completions.create(body).withResponse()
      assert.deepStrictEqual([data.choices[0]?.message.content, request_id], [said, "req_local"])
      assert.deepStrictEqual([response.status, response.url], [200, `${origin}/v1/chat/completions`])
      const raw = await openai.chat.completions.create(body).asResponse()
      assert.include(await raw.clone().text(), said)
      assert.include(await raw.text(), said)
      // A copy of a wrapped client is recorded, too.
      await openai.withOptions({ timeout: 60_000 }).chat.completions.create(body)
    })
    assert.deepStrictEqual(found, [said, said, said, said, said])
  })

  it("records Anthropic's streams", async (ctx) => {
    if (!isInstalled("@anthropic-ai/sdk")) ctx.skip(missing("@anthropic-ai/sdk"))
    const { default: Anthropic } = await import("@anthropic-ai/sdk")
    const found = await answers(async (origin) => {
      const anthropic = Clients.wrap(new Anthropic({ apiKey: "k", baseURL: origin }))
      const body = { model: "claude-opus-5", max_tokens: 10, messages: [{ role: "user" as const, content: "Hi" }] }
      assert.strictEqual(await anthropic.messages.stream(body).finalText(), said)
      const { data } = await anthropic.messages.create(body).withResponse()
      assert.strictEqual(data.type, "message")
    })
    assert.deepStrictEqual(found, [said, said])
  })

  it("records Google's chats", async (ctx) => {
    if (!isInstalled("@google/genai")) ctx.skip(missing("@google/genai"))
    const { GoogleGenAI } = await import("@google/genai")
    const found = await answers(async (origin) => {
      const google = Clients.wrap(new GoogleGenAI({ apiKey: "k", httpOptions: { baseUrl: origin } }))
      const chat = google.chats.create({ model: "gemini-3-pro" })
      assert.strictEqual((await chat.sendMessage({ message: "Hi" })).text, said)
      // Options of one request are laid over those of the client.
      const config = { httpOptions: { timeout: 60_000 } }
      await google.models.generateContent({ model: "gemini-3-pro", contents: "Hi", config })
    })
    assert.deepStrictEqual(found, [said, said])
  })
})
