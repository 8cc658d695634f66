/** `fetch` with propagation beside the plain one: every answer and every failure is the same. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Http from "node:http"
import * as Fetch from "../../../src/layers/Fetch.ts"
import * as LLMObs from "../../../src/layers/LLMObs.ts"
import * as Observed from "../../layers/Observed.ts"
import { listening } from "../ServerTrial.ts"

/** Redirects to `to` with `status`, as often as `times` says, and answers with what it got at the end. */
const handler: Http.RequestListener = (request, response) => {
  const url = new URL(request.url!, "http://localhost")
  const to = url.searchParams.get("to")
  const chunks: Array<Buffer> = []
  request.on("data", (chunk: Buffer) => chunks.push(chunk)).on("end", () => {
    if (to !== null) {
      const status = Number(url.searchParams.get("status") ?? 302)
      response.writeHead(status, to === "" ? {} : { location: Buffer.from(to).toString("latin1") })
      response.end("on the way")
      return
    }
    const times = Number(url.searchParams.get("times") ?? 0)
    if (times > 0) {
      response.writeHead(302, { location: `/?times=${times - 1}` }).end()
      return
    }
    const { "content-type": type, authorization } = request.headers
    response.end(JSON.stringify({
      method: request.method,
      url: request.url,
      type,
      authorization,
      body: Buffer.concat(chunks).toString()
    }))
  })
}

const streamOf = (text: string) =>
  new ReadableStream({
    start: (controller) => {
      controller.enqueue(new TextEncoder().encode(text))
      controller.close()
    }
  })

type Call = (host: string) => readonly [input: string | Request, init?: RequestInit]

const to = (target: string, status = 302) => `/?status=${status}&to=${encodeURIComponent(target)}`
const streamed = (): RequestInit => ({ method: "POST", body: streamOf("question"), duplex: "half" } as RequestInit)
const posted: RequestInit = {
  method: "POST",
  body: "question",
  headers: { authorization: "key", "content-type": "text/x" }
}

const calls: ReadonlyArray<readonly [name: string, call: Call]> = [
  ["a plain answer", (host) => [`${host}/`]],
  ["a redirect", (host) => [host + to("/end")]],
  ["a redirect of a redirect", (host) => [host + to(to("/end"))]],
  ["20 redirects", (host) => [`${host}/?times=20`]],
  ["21 redirects", (host) => [`${host}/?times=21`]],
  ["a redirect to ftp", (host) => [host + to("ftp://127.0.0.1/file")]],
  ["a redirect to a file", (host) => [host + to("file:///etc/hostname")]],
  ["a redirect to data", (host) => [host + to("data:text/plain,hello")]],
  ["a redirect to nonsense", (host) => [host + to("http://")]],
  ["a redirect to an invalid port", (host) => [host + to("http://127.0.0.1:99999999/")]],
  ["a redirect to nowhere", (host) => [host + to("")]],
  ["a redirect to another origin with credentials", (host) => [host + to("http://a:b@127.0.0.1:1/")]],
  ["a redirect within an origin with credentials", (host) => [host + to(host.replace("//", "//a:b@"))]],
  ["a redirect to a name beyond ASCII", (host) => [host + to("/größe")]],
  ["a redirect to a fragment", (host) => [host + to("/end#part")]],
  ["a status between redirects", (host) => [host + to("/end", 304)]],
  ["a redirect that is to be an error", (host) => [host + to("/end"), { redirect: "error" }]],
  ["a redirect that is to be seen", (host) => [host + to("/end"), { redirect: "manual" }]],
  ["a digest that holds", (host) => [host + to("/end"), {
    integrity: "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
  }]],
  ["a signal that was given before", (host) => [`${host}/`, { signal: AbortSignal.abort() }]],
  ["an invalid URL", () => ["http://"]],
  ["a request object", (host) => [new Request(host + to("/end", 307), posted)]],
  ...[301, 302, 303, 307, 308].flatMap((status): ReadonlyArray<readonly [string, Call]> => [
    [`${status} for a text`, (host) => [host + to("/end", status), posted]],
    [`${status} for a stream`, (host) => [host + to("/end", status), streamed()]],
    [`${status} for a request made from a text`, (host) => [new Request(host + to("/end", status), posted)]],
    [`${status} for a request made from a stream`, (host) => [new Request(host + to("/end", status), streamed())]],
    [`${status} for HEAD`, (host) => [host + to("/end", status), { method: "HEAD" }]],
    [`${status} for PUT`, (host) => [host + to("/end", status), { ...posted, method: "PUT" }]],
    [`${status} for a form`, (host) => [host + to("/end", status), {
      method: "POST",
      body: new URLSearchParams({ a: "b" })
    }]]
  ]),
  ["a stream without a redirect", (host) => [`${host}/`, streamed()]],
  ["a request made from a stream, without a redirect", (host) => [new Request(`${host}/`, streamed())]],
  ["a request of a request made from a stream", (host) => [
    new Request(new Request(host + to("/end", 307), streamed()), { headers: { "x-a": "1" } })
  ]]
]

const seen = async (fetch: typeof globalThis.fetch, [input, init]: ReturnType<Call>) => {
  try {
    const response = await fetch(input, init)
    const { ok, redirected, status, type, url } = response
    const copy = response.clone()
    return {
      ok,
      redirected,
      status,
      type,
      url,
      body: await response.text(),
      copy: [copy.redirected, copy.url, await copy.text()],
      used: response.bodyUsed
    }
  } catch (error) {
    return { error: (error as Error).constructor.name, message: (error as Error).name }
  }
}

describe("fetch with propagation", () => {
  for (const [name, call] of calls) {
    it.live(`answers as the function that it wraps: ${name}`, () =>
      Effect.gen(function*() {
        const server = yield* Effect.acquireRelease(
          Effect.promise(() => listening(Http.createServer({ keepAliveTimeout: 0 }, handler))),
          ({ close }) => Effect.promise(close)
        )
        const host = server.url.replace(/\/$/, "")
        const wrapped = yield* Fetch.withPropagation({ allowedOrigins: [host] })
        const plain = yield* Effect.promise(() => seen(globalThis.fetch, call(host)))
        const ours = yield* Effect.promise(() => seen(wrapped, call(host)))
        assert.deepStrictEqual(ours, plain)
      }).pipe(LLMObs.task("call"), Effect.provide(Observed.dev()), Effect.scoped))
  }

  it.live("gives the wrapped function the options that are its own", () =>
    Effect.gen(function*() {
      const given: Array<unknown> = []
      const fetch = yield* Fetch.withPropagation({
        fetch: (_input, init) => {
          given.push(init)
          return Promise.resolve(new Response())
        }
      })
      const next = { revalidate: 60 }
      yield* Effect.promise(() => fetch("http://localhost/", { method: "POST", next } as RequestInit))
      yield* Effect.promise(() => fetch("http://example.com/", { next } as RequestInit))
      assert.deepStrictEqual(given, [{ next }, { next }])
    }).pipe(LLMObs.task("call"), Effect.provide(Observed.dev())))
})
