import { assert, describe, it } from "@effect/vitest"
import { Exchange } from "effect-llmobs/core"
import * as ProviderServer from "../../providers/ProviderServer.ts"

const ask: { readonly [wire: string]: (text: string, more?: object) => readonly [path: string, body: object] } = {
  "OpenAI's chat": (content, more) => [
    "/v1/chat/completions",
    { model: "gpt-5", messages: [{ role: "user", content }], stream_options: { include_usage: true }, ...more }
  ],
  "OpenAI's responses": (input, more) => ["/v1/responses", { model: "gpt-5", input, ...more }],
  "Anthropic's messages": (content, more) => [
    "/v1/messages",
    { model: "claude-opus-5", max_tokens: 10, messages: [{ role: "user", content }], ...more }
  ],
  "Google's content": (text, more) => [
    `/v1beta/models/gemini-3-pro:${more === undefined ? "g" : "streamG"}enerateContent`,
    { contents: [{ role: "user", parts: [{ text }] }] }
  ]
}

const withServer = async (use: (server: ProviderServer.ProviderServer) => Promise<void>): Promise<void> => {
  const server = await ProviderServer.start()
  try {
    await use(server)
  } finally {
    await server.close()
  }
}

const post = (server: ProviderServer.ProviderServer, [path, body]: readonly [string, object]): Promise<Response> =>
  fetch(`${server.origin}${path}`, { method: "POST", body: JSON.stringify(body) })

const eventsOf = (text: string): ReadonlyArray<unknown> =>
  text.split("\n\n").flatMap((event) => /^data: (.*)$/m.exec(event)?.slice(1) ?? []).filter((data) => data !== "[DONE]")
    .map((data): unknown => JSON.parse(data))

describe("ProviderServer", () => {
  for (const [wire, request] of Object.entries(ask)) {
    it(`gives the same answer in a stream of ${wire} as at once`, () =>
      withServer(async (server) => {
        const whole = Exchange.read(await (await post(server, request("Hi [think]"))).json(), "output").value
        const stream = await (await post(server, request("Hi [think]", { stream: true }))).text()
        const streamed = Exchange.read(eventsOf(stream), "output").value
        assert.include(JSON.stringify(whole.messages), "You said: Hi")
        assert.include(JSON.stringify(whole.messages), "The user wants an answer.")
        assert.deepStrictEqual(streamed.messages, whole.messages)
        assert.deepStrictEqual(streamed.metrics, whole.metrics)
        assert.deepInclude(whole.metrics, { input_tokens: 100, cache_read_input_tokens: 60, output_tokens: 20 })
        assert.deepInclude(whole.metrics, { total_tokens: 120, reasoning_output_tokens: 8 })
      }))

    it(`fails and breaks off over ${wire} as it is asked to`, () =>
      withServer(async (server) => {
        assert.strictEqual((await post(server, request("Hi [status 500]"))).status, 500)
        assert.strictEqual((await post(server, request("Hi [once 429]"))).status, 429)
        assert.strictEqual((await post(server, request("Hi [once 429]"))).status, 200)
        const cut = await post(server, request("Hi [cut]", { stream: true }))
        assert.strictEqual(await cut.text().catch(() => "broken"), "broken")
      }))
  }
})
