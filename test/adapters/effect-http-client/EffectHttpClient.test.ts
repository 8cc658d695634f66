import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import type * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Fetch from "../../../src/layers/Fetch.ts"
import * as Client from "../../../src/layers/HttpClient.ts"
import * as LLMObs from "../../../src/layers/LLMObs.ts"
import * as Observed from "../../layers/Observed.ts"
import * as Echo from "./Echo.ts"

const request = {
  "x-datadog-trace-id": "10",
  "x-datadog-parent-id": "11",
  "x-datadog-sampling-priority": "2",
  "x-datadog-origin": "rum",
  "tracestate": "dd=s:2;o:rum;p:000000000000000b,vendor=1",
  "traceparent": "00-0000000000000000000000000000000a-000000000000000b-01",
  "baggage": "session.id=rum,user.id=u-1,own=1"
}

/** A call inside an agent's span that works for a request with everything personal in it. */
const calling = <A, E, R>(call: Effect.Effect<A, E, R>) =>
  call.pipe(
    LLMObs.llm("call"),
    LLMObs.agent("secret agent", { sessionId: "vouched", mlApp: "secret-app" }),
    LLMObs.extract(request)
  )

const personal = ["baggage", "secret", "vouched", "u-1"]

const assertFull = (headers: Echo.Headers) => {
  assert.strictEqual(headers["baggage"], "session.id=rum,user.id=u-1,own=1")
  const tags = headers["x-datadog-tags"] ?? ""
  for (const part of ["llmobs_sid=vouched", "llmobs_ml_app=secret-app", "llmobs_parent_id=", "llmobs_trace_id="]) {
    assert.include(tags, part)
  }
  assertTrace(headers)
}

const assertTrace = (headers: Echo.Headers) => {
  assert.strictEqual(headers["x-datadog-trace-id"], "10")
  assert.strictEqual(headers["x-datadog-origin"], "rum")
  assert.strictEqual(headers["x-datadog-sampling-priority"], "2")
  assert.match(headers["tracestate"]!, /^dd=.*t\.llmobs_parent_id:.*,vendor=1$/)
  assert.match(headers["x-datadog-tags"]!, /_dd\.p\.llmobs_parent_id=\d+/)
  assert.match(headers["x-datadog-tags"]!, /_dd\.p\.llmobs_trace_id=\w+/)
}

const assertStranger = (headers: Echo.Headers) => {
  assertTrace(headers)
  for (const word of personal) assert.notInclude(JSON.stringify(headers), word)
}

// Every address here leads to this machine; only the names differ.
const trusted = { allowedOrigins: ["localhost"] }

const clients: ReadonlyArray<readonly [name: string, layer: Layer.Layer<HttpClient.HttpClient>]> = [
  ["undici", NodeHttpClient.layerUndici],
  ["node:http", NodeHttpClient.layerNodeHttp]
]

describe("Effect's HttpClient", () => {
  for (const [name, layer] of clients) {
    describe(`over ${name}`, () => {
      const get = (url: string, options = trusted) =>
        Effect.gen(function*() {
          const client = (yield* HttpClient.HttpClient).pipe(Client.withPropagation(options))
          return (yield* Effect.flatMap(client.get(url), (response) => response.json)) as unknown as Echo.Headers
        })

      it.live("sends all headers to trusted origins, and trace headers alone to others", () =>
        Effect.gen(function*() {
          const { port } = yield* Echo.server
          assertFull(yield* calling(get(`http://localhost:${port}/`)))
          assertStranger(yield* calling(get(`http://127.0.0.1:${port}/`)))
          assertFull(yield* calling(get(`http://127.0.0.1:${port}/`, {} as typeof trusted)))
        }).pipe(Effect.provide(layer), Effect.provide(Observed.dev()), Effect.scoped))

      it.live("sends nothing more to an untrusted origin that a redirect names, nor the headers of an earlier hop", () =>
        Effect.gen(function*() {
          const { port } = yield* Echo.server
          const client = (yield* HttpClient.HttpClient).pipe(
            Client.withPropagation(trusted),
            HttpClient.followRedirects(3)
          )
          const away = encodeURIComponent(`http://127.0.0.1:${port}/`)
          const back = encodeURIComponent(`http://localhost:${port}/`)
          const follow = (url: string) => calling(Effect.flatMap(client.get(url), (response) => response.json))
          assertStranger((yield* follow(`http://localhost:${port}/?to=${away}`)) as unknown as Echo.Headers)
          assertFull((yield* follow(`http://127.0.0.1:${port}/?to=${back}`)) as unknown as Echo.Headers)
        }).pipe(Effect.provide(layer), Effect.provide(Observed.dev()), Effect.scoped))
    })
  }

  const memory = (headers: Array<Echo.Headers>, status: () => number = () => 200) =>
    HttpClient.make((sent) => {
      headers.push({ ...sent.headers })
      return Effect.succeed(HttpClientResponse.fromWeb(sent, new Response(null, { status: status() })))
    })

  it.live("keeps headers that the caller set, and writes fresh ones for each attempt", () =>
    Effect.gen(function*() {
      const sent: Array<Echo.Headers> = []
      let attempt = 0
      const client = memory(sent, () => attempt++ === 0 ? 503 : 200).pipe(
        Client.withPropagation(),
        HttpClient.filterStatusOk,
        HttpClient.retryTransient({ times: 1, schedule: Schedule.forever })
      )
      yield* calling(client.execute(
        HttpClientRequest.get("http://localhost/").pipe(HttpClientRequest.setHeader("baggage", "mine=1"))
      ))
      assert.deepStrictEqual(sent.map((headers) => headers["baggage"]), ["mine=1", "mine=1"])
      for (const headers of sent) assertTrace(headers)
    }).pipe(Effect.provide(Observed.dev())))

  it.live("keeps Effect's own headers, which name the same trace", () =>
    Effect.gen(function*() {
      const sent: Array<Echo.Headers> = []
      yield* calling(memory(sent).pipe(Client.withPropagation()).get("http://localhost/"))
      yield* calling(memory(sent).get("http://localhost/"))
      for (const headers of sent) {
        assert.match(headers["traceparent"]!, /^00-0{31}a-[0-9a-f]{16}-01$/)
        assert.match(headers["b3"]!, /^0{31}a-[0-9a-f]{16}-1/)
      }
      assert.isUndefined(sent[1]!["tracestate"])
      assert.isUndefined(sent[1]!["baggage"])
    }).pipe(Effect.provide(Observed.dev())))

  it.live("writes no headers without a layer, and leaves an invalid URL to the client to refuse", () =>
    Effect.gen(function*() {
      const sent: Array<Echo.Headers> = []
      const client = memory(sent).pipe(Client.withPropagation())
      yield* calling(client.get("http://localhost/"))
      assert.notProperty(sent[0], "tracestate")
      const failed = yield* Effect.flip(client.get("http://")).pipe(Effect.provide(Observed.dev()))
      assert.strictEqual(failed.reason._tag, "InvalidUrlError")
    }))
})

describe("fetch", () => {
  const json = (response: Response) => response.json() as Promise<Echo.Headers>

  it.live("sends all headers from fetch to trusted origins, and trace headers alone to others", () =>
    Effect.gen(function*() {
      const { port } = yield* Echo.server
      const get = (url: string, init?: RequestInit) =>
        calling(
          Effect.flatMap(Fetch.withPropagation(trusted), (fetch) =>
            Effect.promise(async () => json(await fetch(url, init))))
        )
      assertFull(yield* get(`http://localhost:${port}/`))
      assertStranger(yield* get(`http://127.0.0.1:${port}/`))
      const own = yield* get(`http://localhost:${port}/`, { headers: { baggage: "mine=1", "x-own": "1" } })
      assert.deepStrictEqual([own["baggage"], own["x-own"]], ["mine=1", "1"])
    }).pipe(Effect.provide(Observed.dev()), Effect.scoped))

  it.live("gives fetch the fiber that obtained it after an await, and the current fiber inside one", () =>
    Effect.gen(function*() {
      const { port } = yield* Echo.server
      const url = `http://localhost:${port}/`
      const idOf = Effect.map(LLMObs.inject, (headers) => headers["x-datadog-parent-id"])
      const [asked, late, inner, calledInside] = yield* calling(Effect.gen(function*() {
        const fetch = yield* Fetch.withPropagation(trusted)
        const asked = yield* idOf
        const late = yield* Effect.promise(async () => {
          await new Promise((resolve) => setTimeout(resolve, 1))
          return json(await fetch(url))
        })
        const [inner, calledInside] = yield* Effect.all([
          idOf,
          Effect.promise(async () => json(await fetch(url)))
        ]).pipe(LLMObs.tool("inner"))
        return [asked, late["x-datadog-parent-id"], inner, calledInside["x-datadog-parent-id"]] as const
      }))
      assert.strictEqual(late, asked)
      assert.strictEqual(calledInside, inner)
      assert.notStrictEqual(inner, asked)
    }).pipe(Effect.provide(Observed.dev()), Effect.scoped))

  it.live("follows redirects as fetch does, with only the headers that each hop may see", () =>
    Effect.gen(function*() {
      const { port, seen } = yield* Echo.server
      const fetch = yield* Fetch.withPropagation(trusted)
      const call = (url: string, init?: RequestInit) =>
        calling(Effect.promise(async () => json(await fetch(url, init))))
      const to = (host: string, path = "/") => `http://${host}:${port}${path}`
      const redirect = (host: string, target: string, status = 302) =>
        to(host, `/?status=${status}&to=${encodeURIComponent(target)}`)
      const post = { method: "POST", body: "question", headers: { authorization: "secret-key", "x-own": "1" } }

      const away = yield* call(redirect("localhost", to("127.0.0.1")), post)
      assertStranger(away)
      assert.strictEqual(seen.at(-1), "GET ")
      assert.notProperty(away, "authorization")
      assert.strictEqual(away["x-own"], "1")

      const within = yield* call(redirect("localhost", to("localhost"), 307), post)
      assertFull(within)
      assert.strictEqual(seen.at(-1), "POST question")
      assert.strictEqual(within["authorization"], "secret-key")

      assertStranger(yield* call(redirect("localhost", to("127.0.0.1"), 308), post))
      assert.strictEqual(seen.at(-1), "POST question")
      assertStranger(yield* call(redirect("localhost", redirect("127.0.0.1", to("localhost")))))

      const manual = yield* Effect.promise(() => fetch(redirect("localhost", to("localhost")), { redirect: "manual" }))
      assert.strictEqual(manual.status, 302)
      const loop = yield* Effect.promise(() => fetch(to("localhost", "/?loop=1")).then(() => "ended", (error) => error))
      assert.instanceOf(loop, TypeError)
    }).pipe(Effect.provide(Observed.dev()), Effect.scoped))

  it.live("leaves fetch unchanged without a layer", () =>
    Effect.gen(function*() {
      const { port } = yield* Echo.server
      const fetch = yield* Fetch.withPropagation(trusted)
      const headers = yield* calling(Effect.promise(async () => json(await fetch(`http://localhost:${port}/`))))
      assert.notProperty(headers, "traceparent")
    }).pipe(Effect.scoped))
})
