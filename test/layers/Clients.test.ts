import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import OpenAI, { AzureOpenAI } from "openai"
import * as ProviderServer from "../../providers/ProviderServer.ts"
import { metrics as counted } from "../../providers/Wire.ts"
import * as RequestChannels from "../../src/adapters/undici/RequestChannels.ts"
import * as Clients from "../../src/layers/Clients.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Testing from "../../src/layers/Testing.ts"
import * as Observed from "./Observed.ts"

interface World {
  readonly server: ProviderServer.ProviderServer
  readonly openai: OpenAI
}

/** Runs promises inside a workflow, with a wrapped client, and gives the spans of provider calls. */
const recorded = (
  body: (world: World) => Promise<void>,
  { layer, ...options }: Clients.Options & { readonly layer?: Testing.Options } = {}
) =>
  Effect.gen(function*() {
    const server = yield* localServer
    const openai = Clients.wrap(new OpenAI({ apiKey: "k", baseURL: server.openai }), options)
    yield* Effect.promise(() => body({ server, openai })).pipe(LLMObs.workflow("support", { sessionId: "s-1" }))
    yield* Testing.expectNothingLost
    return (yield* Testing.events()).filter((span) => span.kind === "llm" || span.kind === "embedding")
  }).pipe(Effect.scoped, Effect.provide(Testing.layer(layer)))

const localServer = Effect.acquireRelease(
  Effect.promise(() => ProviderServer.start()),
  (server) => Effect.promise(server.close)
)

const hi = (content = "Hi"): { model: string; messages: Array<{ role: "user"; content: string }> } => ({
  model: "gpt-5",
  messages: [{ role: "user", content }]
})

const drain = async (stream: AsyncIterable<unknown>): Promise<number> => {
  let count = 0
  for await (const _ of stream) count++
  return count
}

const failure = (promise: PromiseLike<unknown>): Promise<unknown> =>
  Promise.resolve(promise).then(() => undefined, (error: unknown) => error)

const post = (url: string, body: object): (fetch: typeof globalThis.fetch) => Promise<unknown> => async (fetch) =>
  (await fetch(url, { method: "POST", body: JSON.stringify(body) })).text()

describe("Clients.wrap", () => {
  it.live("records a chat, at once and in a stream, with what the client was told and what it answered", () =>
    Effect.gen(function*() {
      const tool = {
        name: "weather",
        description: "Tells it.",
        parameters: { type: "object", properties: { city: { type: "string" } } }
      }
      const [whole, stream, called] = yield* recorded(async ({ openai }) => {
        const answer = await openai.chat.completions.create({ ...hi(), temperature: 0.2 })
        assert.strictEqual(answer.choices[0]?.message.content, "You said: Hi")
        await drain(
          await openai.chat.completions.create({ ...hi(), stream: true, stream_options: { include_usage: true } })
        )
        await openai.chat.completions.create({ ...hi("Weather?"), tools: [{ type: "function", function: tool }] })
      })
      for (const span of [whole!, stream!]) {
        assert.deepInclude(span, { name: "OpenAI.createChatCompletion", kind: "llm", status: "ok", provider: "openai" })
        assert.deepInclude(span, { model: "gpt-5-2026-01-01", sessionId: "s-1" })
        assert.deepStrictEqual(span.input.messages, [{ role: "user", content: "Hi" }])
        assert.deepStrictEqual(span.output.messages, [{ role: "assistant", content: "You said: Hi" }])
        assert.deepInclude(span.metrics, counted)
        assert.strictEqual(span.tags["integration"], "openai")
      }
      assert.deepStrictEqual(whole!.metadata, { temperature: 0.2, finish_reason: "stop" })
      assert.isAbove(stream!.metrics["time_to_first_token"]!, 0)
      assert.isUndefined(whole!.metrics["time_to_first_token"])
      assert.deepStrictEqual(called!.output.messages?.[0]?.["tool_calls"], [
        { name: "weather", arguments: { city: "Oslo" }, tool_id: "call_1", type: "function" }
      ])
      assert.strictEqual(called!.metadata["finish_reason"], "tool_calls")
    }))

  it.live("records responses and embeddings", () =>
    Effect.gen(function*() {
      const spans = yield* recorded(async ({ openai }) => {
        await openai.responses.create({ model: "gpt-5", input: "[think] Hi", instructions: "Be brief." })
        await drain(await openai.responses.create({ model: "gpt-5", input: "[think] Hi", stream: true }))
        await openai.embeddings.create({ model: "text-embedding-3", input: ["a", "b"] })
      })
      assert.deepStrictEqual(spans.map(({ name }) => name), [
        "OpenAI.createResponse",
        "OpenAI.createResponse",
        "OpenAI.createEmbedding"
      ])
      assert.deepStrictEqual(spans[0]!.input.messages?.[0], { role: "system", content: "Be brief." })
      for (const span of spans.slice(0, 2)) {
        assert.deepInclude(span.metadata, { top_p: 1, tool_choice: "auto", truncation: "disabled" })
        assert.deepStrictEqual(span.output.messages, [
          { role: "reasoning", content: "The user wants an answer." },
          { role: "assistant", content: "You said: Hi" }
        ])
        assert.deepInclude(span.metrics, counted)
      }
      assert.deepStrictEqual(spans[2]!.input.documents, [{ text: "a" }, { text: "b" }])
      assert.deepStrictEqual(spans[2]!.output.value, "[2 embedding(s) returned with size 3]")
      assert.deepStrictEqual(spans[2]!.metrics, { input_tokens: 7, total_tokens: 7 })
    }))

  it.live("hands on each part of a stream as it comes, and records one that the program leaves until then", () =>
    Effect.gen(function*() {
      const [left, aborted] = yield* recorded(async ({ openai }) => {
        // The server holds the end back, so a stream that was read ahead would never begin.
        for await (const _ of await openai.chat.completions.create({ ...hi("[hang] Hi"), stream: true })) break
        const abort = new AbortController()
        const stream = await openai.responses.create({ model: "gpt-5", input: "[hang] Hi", stream: true }, {
          signal: abort.signal
        })
        await failure(drain({
          async *[Symbol.asyncIterator]() {
            for await (const event of stream) {
              if (event.type === "response.output_text.delta") abort.abort()
              yield event
            }
          }
        }))
      })
      for (const span of [left!, aborted!]) {
        assert.strictEqual(span.status, "ok")
        assert.strictEqual(span.tags["effect.fiber.interrupted"], "true")
        assert.match(Testing.texts(span.output)[0]!, /^You sa/)
      }
    }))

  it.live("records a stream that breaks as an error, with the output until then, and the program gets the same error", () =>
    Effect.gen(function*() {
      let bare: unknown
      let wrapped: unknown
      const [broken] = yield* recorded(async ({ openai, server }) => {
        const ask = async (client: OpenAI) =>
          drain(await client.responses.create({ model: "gpt-5", input: "[cut] Hi", stream: true }))
        bare = await failure(ask(new OpenAI({ apiKey: "k", baseURL: server.openai })))
        wrapped = await failure(ask(openai))
      })
      assert.strictEqual(String(wrapped), String(bare))
      assert.strictEqual(broken!.status, "error")
      assert.strictEqual(broken!.error?.message, "terminated")
      assert.match(Testing.texts(broken!.output)[0]!, /^You sa/)
    }))

  it.live("records a refused call once, with its status, input and error, and the program gets the same error", () =>
    Effect.gen(function*() {
      const spans = yield* recorded(async ({ openai }) => {
        const error = await failure(openai.chat.completions.create(hi("[status 400]")))
        assert.instanceOf(error, OpenAI.BadRequestError)
        assert.strictEqual((error as Error).message, "400 The local server failed, as asked.")
      })
      assert.strictEqual(spans.length, 1)
      const [{ error, input, metadata, status }] = spans as [Testing.ObservedSpan]
      assert.deepStrictEqual([status, metadata["status_code"]], ["error", 400])
      assert.deepInclude(error, { type: "BadRequestError", message: "400 The local server failed, as asked." })
      assert.deepStrictEqual(Testing.texts(input), ["[status 400]"])
    }))

  it.live("joins the attempts of one call, whether the last one succeeds, fails or is not made", () =>
    Effect.gen(function*() {
      const spans = yield* recorded(async ({ openai, server }) => {
        await openai.chat.completions.create(hi("[once 429] a"))
        await failure(openai.chat.completions.create(hi("[status 500] b")))
        await Promise.all(["c", "d"].map((text) => openai.chat.completions.create(hi(`[twice 500] ${text}`))))
        await failure(openai.chat.completions.create(hi("[once 500] e"), { maxRetries: 0 }))
        assert.strictEqual(server.requests.length, 2 + 3 + 6 + 1)
      })
      assert.deepStrictEqual(
        spans.map((span) => [Testing.texts(span.output)[0] ?? span.error?.type, span.metadata["attempts"]]),
        [
          ["You said: a", 2],
          ["InternalServerError", 3],
          ["You said: c", 3],
          ["You said: d", 3],
          ["InternalServerError", undefined]
        ]
      )
    }))

  it.live("ends a call that waits for its next attempt with the failure of the last one, if the layer closes", () =>
    Effect.gen(function*() {
      const agent = yield* Observed.whenClosed(Effect.promise(async () => {
        const failed = Promise.withResolvers<void>()
        const fetch = () => {
          setImmediate(failed.resolve)
          return Promise.reject(new TypeError("fetch failed"))
        }
        const openai = Clients.wrap(new OpenAI({ apiKey: "k", fetch }))
        const abort = new AbortController()
        const call = failure(openai.chat.completions.create(hi(), { signal: abort.signal }))
        await failed.promise
        abort.abort()
        void call
      }))
      const event = Observed.named(agent, "OpenAI.createChatCompletion")
      assert.deepInclude(Observed.at(event.event, "meta.error"), { type: "TypeError", message: "fetch failed" })
      assert.isUndefined(Observed.tagsOf(event).get("effect.span.unfinished"))
    }))

  it.live("sends the same requests as a client that is not wrapped", () =>
    Effect.gen(function*() {
      yield* recorded(async ({ openai, server }) => {
        const calls = (client: OpenAI) => async () => {
          server.requests.length = 0
          await client.chat.completions.create(hi())
          await drain(await client.chat.completions.create({ ...hi(), stream: true }))
          await client.embeddings.create({ model: "e", input: "a" })
          return server.requests.map(({ headers, path, text }) => ({ path, text, headers }))
        }
        const bare = await calls(new OpenAI({ apiKey: "k", baseURL: server.openai }))()
        assert.deepStrictEqual(await calls(openai)(), bare)
      })
    }))

  it.live("keeps the class and the options of a client, and the fetch that it was given", () =>
    Effect.gen(function*() {
      class Mine extends OpenAI {}
      let through = 0
      const fetch: typeof globalThis.fetch = (input, init) => {
        through++
        return globalThis.fetch(input, init)
      }
      const [mine, azure] = yield* recorded(async ({ server }) => {
        const wrapped = Clients.wrap(new Mine({ apiKey: "k", baseURL: server.openai, fetch, timeout: 1_234 }))
        assert.instanceOf(wrapped, Mine)
        assert.strictEqual(wrapped.timeout, 1_234)
        await wrapped.chat.completions.create(hi())
        const azure = Clients.wrap(
          new AzureOpenAI({ endpoint: server.origin, apiKey: "k", apiVersion: "2026-01-01", fetch })
        )
        assert.instanceOf(azure, AzureOpenAI)
        await azure.chat.completions.create(hi())
        assert.strictEqual(server.requests[1]?.headers["api-key"], "k")
      })
      assert.strictEqual(through, 2)
      assert.deepStrictEqual([mine!.name, mine!.provider], ["OpenAI.createChatCompletion", "openai"])
      assert.deepStrictEqual([azure!.name, azure!.provider], ["AzureOpenAI.createChatCompletion", "azure_openai"])
    }))

  it.live("records one event where the program has a span of its own for the call, or wraps a client twice", () =>
    Effect.gen(function*() {
      const server = yield* localServer
      const openai = Clients.wrap(Clients.wrap(new OpenAI({ apiKey: "k", baseURL: server.openai })))
      const call = Effect.promise(() => openai.chat.completions.create(hi()))
      yield* call
      yield* call.pipe(LLMObs.llm("chat", { input: "Hi", model: "gpt-5" }))
      const [own, tool] = [LLMObs.llm("chat", { input: "Hi" }), LLMObs.tool("ask another")]
      yield* call.pipe(tool, own)
      assert.deepStrictEqual((yield* Testing.events({ kind: "llm" })).map(({ name }) => name).sort(), [
        "OpenAI.createChatCompletion",
        "OpenAI.createChatCompletion",
        "chat",
        "chat"
      ])
    }).pipe(Effect.scoped, Effect.provide(Testing.layer())))

  it.live("takes session, annotations and the APM parent of a fiber that has no LLM span", () =>
    Effect.gen(function*() {
      const server = yield* localServer
      const openai = Clients.wrap(new OpenAI({ apiKey: "k", baseURL: server.openai }))
      const ask = Effect.promise(() => openai.chat.completions.create(hi()))
      yield* Effect.all(
        ["a", "b"].map((id) => ask.pipe(Effect.withSpan(`GET /${id}`), LLMObs.annotateSpans({ sessionId: id }))),
        { concurrency: "unbounded" }
      )
      const { agent } = yield* Observed.settle
      assert.deepStrictEqual(agent.events().map(({ event }) => event["session_id"]).sort(), ["a", "b"])
      for (const { event } of agent.events()) {
        const own = Observed.spans(agent).find(({ spanId }) => String(spanId) === event["span_id"])
        const parent = Observed.span(agent, `GET /${event["session_id"]}`)
        assert.strictEqual(own?.parentId, parent.spanId)
      }
    }).pipe(Effect.scoped, Effect.provide(Observed.dev())))

  it.live("records model, parameters and tokens alone where content is not captured", () =>
    Effect.gen(function*() {
      const spans = yield* recorded(async ({ openai }) => {
        await openai.chat.completions.create({ ...hi("secret"), temperature: 0.2 })
        await drain(await openai.responses.create({ model: "gpt-5", input: "secret", stream: true }))
        await openai.embeddings.create({ model: "e", input: "secret" })
      }, { capture: false })
      assert.notInclude(JSON.stringify(spans), "secret")
      assert.deepStrictEqual(spans.map(({ model }) => model), ["gpt-5-2026-01-01", "gpt-5-2026-01-01", "e"])
      assert.deepStrictEqual(spans.map(({ metrics }) => metrics["total_tokens"]), [120, 120, 7])
      assert.strictEqual(spans[0]!.metadata["temperature"], 0.2)
    }))

  it("records calls of plain code while a layer runs, each by itself, and none before and after", async () => {
    const server = await ProviderServer.start()
    const openai = Clients.wrap(new OpenAI({ apiKey: "k", baseURL: server.openai }))
    const ask = () => openai.chat.completions.create(hi()).then((answer) => answer.choices[0]?.message.content)
    assert.strictEqual(await ask(), "You said: Hi")
    const runtime = ManagedRuntime.make(Testing.layer())
    await runtime.context()
    await Promise.all([ask(), ask()])
    const traces = await runtime.runPromise(Testing.traces)
    assert.deepStrictEqual(traces.map(({ children, span }) => [span.name, children.length]), [
      ["OpenAI.createChatCompletion", 0],
      ["OpenAI.createChatCompletion", 0]
    ])
    await runtime.dispose()
    assert.strictEqual(await ask(), "You said: Hi")
    await server.close()
  })

  it.live("returns a client without the options it needs as it is, and says so once", () =>
    Effect.gen(function*() {
      class Old {}
      const old = new Old()
      const { layer, lines } = Observed.warnings()
      yield* Effect.sync(() => {
        for (let i = 0; i < 2; i++) assert.strictEqual(Clients.wrap(old), old)
      }).pipe(Effect.provide(Testing.layer()), Effect.provide(layer))
      assert.strictEqual(lines.filter((line) => line.includes("a client of the class Old")).length, 1)
    }))
})

describe("Clients.observedFetch", () => {
  it.live("records the wires of Anthropic and Google, with cached and reasoning tokens counted as theirs are", () =>
    Effect.gen(function*() {
      const fetch = Clients.observedFetch()
      const messages = [{ role: "user", content: "[think] Hi" }]
      const contents = [{ role: "user", parts: [{ text: "[think] Hi" }] }]
      const spans = yield* recorded(async ({ server: { origin } }) => {
        const claude = { model: "claude-opus-5", max_tokens: 10, messages }
        await post(`${origin}/v1/messages`, claude)(fetch)
        await post(`${origin}/v1/messages?beta=true`, { ...claude, stream: true })(fetch)
        await post(`${origin}/v1beta/models/gemini-3-pro:generateContent`, { contents })(fetch)
        await post(`${origin}/v1beta/models/gemini-3-pro:streamGenerateContent?alt=sse`, { contents })(fetch)
      })
      assert.deepStrictEqual(
        spans.map(({ model, name, provider, tags }) => [name, provider, tags["integration"], model]),
        [
          ["anthropic.request", "anthropic", "anthropic", "claude-opus-5-20260901"],
          ["anthropic.request", "anthropic", "anthropic", "claude-opus-5-20260901"],
          ["google_genai.request", "google", "google_genai", "gemini-3-pro-001"],
          ["google_genai.request", "google", "google_genai", "gemini-3-pro-001"]
        ]
      )
      for (const span of spans) {
        assert.deepInclude(span.metrics, counted)
        assert.deepStrictEqual(Testing.texts(span.output), ["The user wants an answer.", "You said: Hi"])
      }
    }))

  it.live("passes other requests on, and records nothing of them", () =>
    Effect.gen(function*() {
      const fetch = Clients.observedFetch()
      const spans = yield* recorded(async ({ server: { origin } }) => {
        assert.strictEqual((await fetch(`${origin}/v1/models`)).status, 404)
        assert.strictEqual((await fetch(new URL(`${origin}/v1/chat/completions`))).status, 404)
        assert.instanceOf(await failure(fetch("no url")), TypeError)
      })
      assert.deepStrictEqual(spans, [])
    }))
})

/** Runs promises inside a workflow, beside the layer that listens to undici, and gives the spans of provider calls. */
const heard = (body: (world: World) => Promise<void>, options: Clients.Options = {}) =>
  Effect.gen(function*() {
    const server = yield* localServer
    const openai = new OpenAI({ apiKey: "k", baseURL: server.openai })
    yield* Effect.promise(() => body({ server, openai })).pipe(LLMObs.workflow("support", { sessionId: "s-1" }))
    yield* Testing.expectNothingLost
    return (yield* Testing.events()).filter((span) => span.kind === "llm" || span.kind === "embedding")
  }).pipe(Effect.scoped, Effect.provide(Clients.layerWith(options)), Effect.provide(Testing.layer()))

describe("Clients.layer", () => {
  // A release of Node that the other tests run on, too.
  const hasBodies = RequestChannels.mayHaveBodies()
  const noBodies = "Node publishes no bodies before 24.4"

  it.live("says once what to do where bodies are not published, and nothing elsewhere", () =>
    Effect.gen(function*() {
      const { layer, lines } = Observed.warnings()
      const twice = Layer.merge(Clients.layer, Clients.layerWith({}))
      const { openai } = yield* localServer
      // A request without a body is no sign of a runtime that publishes none.
      const empty = Effect.promise(() => fetch(`${openai}/chat/completions`, { method: "POST" }))
      yield* empty.pipe(Effect.provide(twice), Effect.provide(Testing.layer()), Effect.provide(layer))
      assert.strictEqual(lines.filter((line) => line.includes("Clients.wrap(client)")).length, hasBodies ? 0 : 1)
    }).pipe(Effect.scoped))

  it.live("records the calls of a client that nothing was done to, with the same events as a wrapped one", (ctx) =>
    Effect.gen(function*() {
      if (!hasBodies) ctx.skip(noBodies)
      const calls = async ({ openai }: World) => {
        await openai.chat.completions.create({ ...hi("[gzip] Hi"), temperature: 0.2 })
        await drain(await openai.chat.completions.create({ ...hi("[think] Hi"), stream: true }))
        for await (const _ of await openai.chat.completions.create({ ...hi("[hang] Hi"), stream: true })) break
        await failure(drain(await openai.responses.create({ model: "gpt-5", input: "[cut] Hi", stream: true })))
        await failure(openai.chat.completions.create(hi("[status 400]")))
        await openai.chat.completions.create(hi("[once 429] Hi"))
        await openai.embeddings.create({ model: "e", input: "a" })
      }
      // A connection that breaks is told by `fetch` in its own words.
      const shown = (spans: ReadonlyArray<Testing.ObservedSpan>) =>
        spans.map(({ error, input, kind, metadata, metrics, name, output, status }) => ({
          event: [name, kind, status, metadata, input, output],
          metrics: { ...metrics, time_to_first_token: metrics["time_to_first_token"] !== undefined },
          error: Testing.texts(input)[0]?.includes("[cut]") === true ? error !== undefined : error
        }))
      const bare = yield* heard(calls)
      assert.strictEqual(bare.length, 7)
      assert.deepStrictEqual(shown(bare), shown(yield* recorded(calls)))
    }))

  it.live("records a call of a wrapped client once, and nothing of other requests", (ctx) =>
    Effect.gen(function*() {
      if (!hasBodies) ctx.skip(noBodies)
      const spans = yield* heard(async ({ openai, server: { openai: url, origin } }) => {
        await Clients.wrap(openai).chat.completions.create(hi())
        await post(`${origin}/survey/responses`, { model: "x", answers: [] })(fetch)
        await (await fetch(`${url}/chat/completions`, { method: "POST" })).text()
        await failure(fetch(`${url}/chat/completions`, { method: "POST", body: "no JSON" }))
      })
      assert.deepStrictEqual(spans.map(({ name }) => name), ["OpenAI.createChatCompletion"])
    }))

  it("takes the requests of its own layer alone, with its own capture, whichever layer listened first", async (ctx) => {
    if (!hasBodies) ctx.skip(noBodies)
    const server = await ProviderServer.start()
    const openai = new OpenAI({ apiKey: "k", baseURL: server.openai })
    const runtimeOf = (options: Clients.Options) =>
      ManagedRuntime.make(Clients.layerWith(options).pipe(Layer.provideMerge(Testing.layer())))
    const open = runtimeOf({})
    const closed = runtimeOf({ capture: false })
    const eventsOf = (runtime: typeof open) => runtime.runPromise(Testing.events({ kind: "llm" }))
    try {
      for (const runtime of [open, closed]) await runtime.runPromise(Effect.void)
      await closed.runPromise(Effect.promise(() => openai.chat.completions.create(hi("secret"))))
      const hanging = await closed.runPromise(
        Effect.promise(() => openai.chat.completions.create({ ...hi("[hang] secret"), stream: true }))
      )
      assert.deepStrictEqual(await eventsOf(open), [])
      await open.dispose()
      const before = await eventsOf(closed)
      hanging.controller.abort()
      assert.strictEqual(before.length, 1)
      assert.notInclude(JSON.stringify(before), "secret")
    } finally {
      await open.dispose()
      await closed.dispose()
      await server.close()
    }
  })

  it.live("joins the requests of calls that are redirected, also to a path that is none of a provider", (ctx) =>
    Effect.gen(function*() {
      if (!hasBodies) ctx.skip(noBodies)
      const spans = yield* heard(async ({ openai, server }) => {
        const ask = (text: string) => openai.chat.completions.create(hi(text))
        await Promise.all([ask("[moved 307] a"), ask("[moved 308] b"), failure(ask("[moved 302] c"))])
        assert.strictEqual(server.requests.length, 6)
      })
      assert.deepStrictEqual(
        spans.map(({ input, metadata, output }) =>
          [Testing.texts(input)[0], Testing.texts(output)[0], metadata["status_code"]].join(" ")
        ).sort(),
        ["[moved 302] c  404", "[moved 307] a You said: a ", "[moved 308] b You said: b "]
      )
    }))

  it.live("joins every attempt of a call that is told to try more often than usual", (ctx) =>
    Effect.gen(function*() {
      if (!hasBodies) ctx.skip(noBodies)
      let calls = 0
      const server = Http.createServer({ keepAliveTimeout: 0 }, (request, response) => {
        request.resume().on("end", () => {
          response.writeHead(++calls < 5 ? 500 : 200, { "content-type": "application/json", "retry-after-ms": "1" })
          response.end(JSON.stringify({ choices: [] }))
        })
      })
      yield* Effect.acquireRelease(
        Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
        () =>
          Effect.sync(() => {
            server.close()
            server.closeAllConnections()
          })
      )
      const { port } = server.address() as AddressInfo
      const spans = yield* heard(async () => {
        const openai = new OpenAI({ apiKey: "k", baseURL: `http://127.0.0.1:${port}` })
        await openai.chat.completions.create(hi(), { maxRetries: 5 })
      })
      assert.deepStrictEqual(spans.map(({ metadata, status }) => [status, metadata["attempts"]]), [["ok", 5]])
    }).pipe(Effect.scoped))

  it.live("records nothing after it has closed, and ends what still runs then", (ctx) =>
    Effect.gen(function*() {
      if (!hasBodies) ctx.skip(noBodies)
      const server = yield* localServer
      const openai = new OpenAI({ apiKey: "k", baseURL: server.openai })
      const ask = (text: string) => openai.chat.completions.create({ ...hi(text), stream: true })
      const stream = yield* Effect.promise(() => ask("[hang] open")).pipe(Effect.provide(Clients.layer))
      stream.controller.abort()
      yield* Effect.promise(() => ask("later").then(drain))
      const spans = yield* Testing.events({ kind: "llm" })
      assert.deepStrictEqual(
        spans.map(({ input, tags }) => [Testing.texts(input)[0], tags["effect.span.unfinished"]]),
        [
          ["[hang] open", "true"]
        ]
      )
    }).pipe(Effect.scoped, Effect.provide(Testing.layer())))
})
