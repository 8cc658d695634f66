import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ObservedFetch from "../../../src/adapters/client-fetch/ObservedFetch.ts"
import * as Redaction from "../../../src/domain/redaction/Redaction.ts"
import * as Testing from "../../../src/layers/Testing.ts"

type Fetch = typeof globalThis.fetch

const url = "https://api.openai.com/v1/chat/completions"
const body = JSON.stringify({ model: "gpt-5", messages: [{ role: "user", content: "Hi" }] })

const observe = (inner: unknown, maxRetries = 0): Fetch =>
  ObservedFetch.make(inner as Fetch, { capture: { input: true, output: true }, maxRetries: () => maxRetries })

/** Runs promises while a layer runs, and gives its llm spans. */
const recorded = (run: () => Promise<void>, layer?: Testing.Options) =>
  Effect.gen(function*() {
    yield* Effect.promise(run)
    yield* Testing.expectNothingLost
    return yield* Testing.events({ kind: "llm" })
  }).pipe(Effect.provide(Testing.layer(layer)))

const outcome = async (call: () => unknown): Promise<unknown> => {
  try {
    return await call()
  } catch (error) {
    return error
  }
}

const thrower = () => {
  throw new Error("no")
}

const odd: ReadonlyArray<readonly [name: string, answer: () => unknown]> = [
  ["nothing", () => undefined],
  ["null", () => null],
  ["a text", () => "text"],
  ["an object of another kind", () => ({ ok: true })],
  ["a response with a getter that throws", () => Object.defineProperty({}, "status", { get: thrower })],
  ["a response with an impossible status", () => ({ status: 42, headers: new Headers(), body: new ReadableStream() })],
  ["a response whose body has no reader", () => ({ status: 200, headers: new Headers(), body: { on: () => {} } })],
  ["a network error", () => Response.error()],
  ["no content", () => new Response(null, { status: 204 })]
]

describe("ObservedFetch", () => {
  for (const [name, make] of odd) {
    it.live(`passes on ${name} as it came, and records the call`, () =>
      Effect.gen(function*() {
        const answer = make()
        const spans = yield* recorded(async () => {
          for (const given of [answer, Promise.resolve(answer)]) {
            assert.strictEqual(await outcome(() => observe(() => given)(url, { method: "POST", body })), answer)
          }
        })
        assert.strictEqual(spans.length, 2)
      }))
  }

  it.live("throws and rejects as the inner fetch does", () =>
    Effect.gen(function*() {
      const failure = new TypeError("fetch failed")
      const spans = yield* recorded(async () => {
        const thrown = observe(() => {
          throw failure
        })
        assert.throws(() => void thrown(url, { method: "POST", body }), TypeError)
        const rejected = observe(() => Promise.reject(failure))
        assert.strictEqual(await outcome(() => rejected(url, { method: "POST", body })), failure)
      })
      assert.deepStrictEqual(spans.map(({ error }) => error?.message), ["fetch failed", "fetch failed"])
    }))

  it.live("passes on every form of a request, and records those to a provider", () =>
    Effect.gen(function*() {
      let calls = 0
      const fetch = observe(() => {
        calls++
        return Promise.resolve(Response.json({ choices: [] }))
      })
      const requests: ReadonlyArray<readonly [input: unknown, init?: unknown]> = [
        [url, { method: "POST", body }],
        [new URL(url), { method: "post", body: new TextEncoder().encode(body) }],
        [new Request(url, { method: "POST", body })],
        [url, { method: "POST", body: "no JSON" }],
        [url, { method: "POST" }],
        [url, { method: "POST", body: "[]" }],
        [url],
        [undefined],
        [url, {
          get method() {
            return thrower()
          }
        }]
      ]
      const spans = yield* recorded(async () => {
        for (const [input, init] of requests) await (await fetch(input as string, init as RequestInit)).text()
      })
      assert.strictEqual(calls, requests.length)
      assert.deepStrictEqual(spans.map(({ input }) => Testing.texts(input)), [["Hi"], ["Hi"], [], [], [], []])
    }))

  it.live("gives the body back unchanged, however it is cut, and ends with what could be read", () =>
    Effect.gen(function*() {
      const text = `data: ${
        JSON.stringify({ choices: [{ index: 0, delta: { content: "grüß dich 🎈" } }] })
      }\n\ndata: [DONE]\n\n`
      const bytes = new TextEncoder().encode(text)
      const answer = () => {
        const pieces = Array.from(bytes, (byte) => Uint8Array.of(byte))
        return new Response(
          new ReadableStream({
            pull: (controller) => {
              const piece = pieces.shift()
              if (piece === undefined) controller.close()
              else controller.enqueue(piece)
            }
          }),
          { headers: { "content-type": "text/event-stream" } }
        )
      }
      const [span] = yield* recorded(async () => {
        const response = await observe(() => Promise.resolve(answer()))(url, { method: "POST", body })
        assert.strictEqual(await response.text(), text)
      })
      assert.deepStrictEqual(Testing.texts(span!.output), ["grüß dich 🎈"])
    }))

  it.live("keeps content away where the layer captures none, and redacts texts and errors", () =>
    Effect.gen(function*() {
      const fetch = observe((_url: string, { body }: { readonly body: string }) =>
        Promise.resolve(
          body.includes("fail")
            ? Response.json({ error: { message: "secret 4711 refused" } }, { status: 400 })
            : Response.json({ choices: [{ message: { role: "assistant", content: "secret 4711" } }] })
        )
      )
      const ask = async () => {
        for (const text of ["secret 4711", "fail"]) {
          const body = JSON.stringify({ model: "gpt-5", messages: [{ role: "user", content: text }] })
          await (await fetch(url, { method: "POST", body })).text()
        }
      }
      assert.notInclude(JSON.stringify(yield* recorded(ask, { contentCapture: "none" })), "secret 4711")
      const processors = [Redaction.texts((text) => text.replaceAll(/\d{4}/g, "####"))]
      const redacted = JSON.stringify(yield* recorded(ask, { processors }))
      assert.notInclude(redacted, "4711")
      assert.include(redacted, "400 secret #### refused")
    }))

  it.live("records of a request whose input is not captured only parameters that cannot hold content", () =>
    Effect.gen(function*() {
      const google = "https://generativelanguage.googleapis.com/v1beta/models/g"
      const secret = { role: "user", content: "secret" }
      const chat = { model: "m", messages: [secret], temperature: 0.5, reasoning_effort: "low", stop: ["secret"] }
      const requests: ReadonlyArray<readonly [url: string, body: object]> = [
        [url, { ...chat, prediction: { type: "content", content: "secret" }, user: "secret", secret: ["secret"] }],
        [url, { ...chat, chat_history: [secret], preamble: "secret", documents: [{ text: "secret" }] }],
        ["https://api.openai.com/v1/completions", { ...chat, messages: undefined, prompt: "secret", suffix: "secret" }],
        ["https://api.openai.com/v1/responses", {
          model: "m",
          input: "secret",
          prompt: { id: "p", variables: { a: "secret" } }
        }],
        [`${google}:generateContent`, {
          contents: [{ parts: [{ text: "secret" }] }],
          generationConfig: { temperature: 0.5, responseSchema: { description: "secret" } }
        }],
        [`${google}:embedContent`, { content: { parts: [{ text: "secret" }] }, title: "secret", taskType: "QUERY" }]
      ]
      const answer = {
        object: "response",
        output: [],
        text: { format: { type: "json_schema", description: "secret" } }
      }
      for (const capture of [{ input: false, output: false }, { input: false, output: true }]) {
        const fetch = ObservedFetch.make(() => Promise.resolve(Response.json(answer)), { capture, maxRetries: () => 0 })
        const events = yield* Effect.gen(function*() {
          yield* Effect.promise(async () => {
            for (const [url, body] of requests) {
              await (await fetch(url, { method: "POST", body: JSON.stringify(body) })).text()
            }
          })
          return yield* Testing.events()
        }).pipe(Effect.provide(Testing.layer()))
        assert.strictEqual(events.length, requests.length)
        assert.notInclude(JSON.stringify(events.map(({ input, metadata }) => ({ input, metadata }))), "secret\"")
        assert.deepInclude(events[0]!.metadata, { temperature: 0.5, reasoning_effort: "low" })
        assert.deepInclude(events[5]!.metadata, { taskType: "QUERY" })
      }
    }))

  it.live("leaves headers that can be read once to the inner fetch, and finds those of a client in every other form", () =>
    Effect.gen(function*() {
      const pairs = [["authorization", "k"], ["X-Stainless-Retry-Count", "0"]] as const
      const forms: ReadonlyArray<() => unknown> = [
        () => new Map(pairs).entries(),
        () => pairs.map((pair) => [...pair]),
        () => Object.fromEntries(pairs),
        () => new Headers(pairs.map(([name, value]) => [name, value] as [string, string]))
      ]
      const spans = yield* recorded(async () => {
        for (const form of forms) {
          let seen: Headers | undefined
          const fetch = observe((_url: string, init: RequestInit) => {
            seen = new Headers(init.headers)
            return Promise.resolve(Response.json({ choices: [] }))
          })
          await (await fetch(url, { method: "POST", body, headers: form() as Headers })).text()
          assert.strictEqual(seen?.get("authorization"), "k")
        }
      })
      assert.strictEqual(spans.length, forms.length)
    }))

  it.live("keeps a body of bytes one of bytes, which is read into the program's own memory to its end", () =>
    Effect.gen(function*() {
      const text = JSON.stringify({ choices: [{ message: { role: "assistant", content: "Hello" } }] })
      const bytes = new TextEncoder().encode(text)
      const parts = [bytes.slice(0, 10), bytes.slice(10)]
      const spans = yield* recorded(async () => {
        const stream = new ReadableStream({
          type: "bytes",
          pull: (controller) => {
            const part = parts.shift()
            if (part !== undefined) return controller.enqueue(part)
            controller.close()
            controller.byobRequest?.respond(0)
          }
        })
        const headers = { "content-type": "application/json" }
        const response = await observe(() => Promise.resolve(new Response(stream, { headers })))(url, {
          method: "POST",
          body
        })
        const reader = response.body!.getReader({ mode: "byob" })
        let got = ""
        for (;;) {
          const { done, value } = await reader.read(new Uint8Array(4))
          got += new TextDecoder().decode(value)
          if (done) break
        }
        assert.strictEqual(got, text)
      })
      assert.deepStrictEqual(spans.map(({ output }) => Testing.texts(output)), [["Hello"]])
    }))

  it.live("joins every attempt that a client counts in a header, however many it makes after lost connections", () =>
    Effect.gen(function*() {
      let calls = 0
      const fetch = observe(() =>
        ++calls < 5 ? Promise.reject(new TypeError("fetch failed")) : Promise.resolve(Response.json({ choices: [] }))
      )
      const spans = yield* recorded(async () => {
        for (let retry = 0; retry < 5; retry++) {
          const headers = { "x-stainless-retry-count": `${retry}` }
          const answer = await outcome(() => fetch(url, { method: "POST", body, headers }))
          if (answer instanceof Response) await answer.text()
        }
      })
      assert.deepStrictEqual(spans.map(({ metadata, status }) => [status, metadata["attempts"]]), [["ok", 5]])
    }))

  it.live("reads no more of a long answer than its limit, and holds nothing of it after the end", () =>
    Effect.gen(function*() {
      const part = new TextEncoder().encode("x".repeat(1_000_000))
      let left = 12
      const answer = new Response(
        new ReadableStream({ pull: (controller) => left-- > 0 ? controller.enqueue(part) : controller.close() }),
        { headers: { "content-type": "application/json" } }
      )
      const [span] = yield* recorded(async () => {
        const response = await observe(() => Promise.resolve(answer))(url, { method: "POST", body })
        assert.strictEqual((await response.text()).length, 12_000_000)
      })
      assert.deepStrictEqual([span!.status, span!.metadata["output_cut"]], ["ok", true])
    }))
})
