import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as HttpEffect from "effect/http/HttpEffect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Http from "node:http"
import * as LLMObs from "../../../src/layers/LLMObs.ts"
import * as RequestSession from "../../../src/layers/RequestSession.ts"
import * as Observed from "../../layers/Observed.ts"
import { trial } from "../ServerTrial.ts"

const both = { body: "session_id", query: "session_id" }

const readers: ReadonlyArray<
  readonly [name: string, read: Effect.Effect<string, unknown, HttpServerRequest.HttpServerRequest>]
> = [
  ["as a text", Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => request.text)],
  [
    "as a stream",
    Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => Stream.mkString(Stream.decodeText(request.stream)))
  ],
  [
    "through a changed view of the request",
    Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => request.modify({ url: "/other" }).text)
  ]
]

const handler = (read: Effect.Effect<string, unknown, HttpServerRequest.HttpServerRequest>) =>
  Effect.gen(function*() {
    const body = yield* read
    const span = Option.getOrThrow(yield* LLMObs.currentSpan)
    return yield* HttpServerResponse.json({ session: span.sources.session ?? "none", body })
  }).pipe(LLMObs.workflow("chat"))

const json = (body: unknown): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body)
})

describe("EffectHttpSession", () => {
  trial(async (_answer, sessionFrom, { chat, services }) => {
    const app = HttpRouter.serve(
      HttpRouter.add(
        "*",
        "/chat",
        Effect.gen(function*() {
          const request = yield* HttpServerRequest.HttpServerRequest
          const text = yield* request.text
          const n = new URL(request.url, "http://localhost").searchParams.get("n")!
          return yield* HttpServerResponse.json(yield* chat({ n, body: text === "" ? undefined : JSON.parse(text) }))
        })
      ),
      { disableLogger: true, disableListenLog: true, middleware: RequestSession.middleware(sessionFrom) }
    ).pipe(
      Layer.provideMerge(
        NodeHttpServer.layerServer(() => Http.createServer({ keepAliveTimeout: 0 }), { host: "127.0.0.1", port: 0 })
      ),
      Layer.provide(Layer.effectContext(Effect.promise(services)))
    )
    const runtime = ManagedRuntime.make(app)
    const url = await runtime.runPromise(
      Effect.map(HttpServer.HttpServer, (server) => HttpServer.formatAddress(server.address))
    )
    return { url, close: () => runtime.dispose() }
  })

  for (const [name, read] of readers) {
    it.live(`reads the session of a body that the handler reads ${name}`, () =>
      Effect.gen(function*() {
        const url = HttpServer.formatAddress((yield* HttpServer.HttpServer).address)
        const send = (init: RequestInit, path = "/chat") =>
          Effect.promise(async () => {
            const response = await fetch(url + path, { ...init, signal: AbortSignal.timeout(10_000) })
            return await response.json() as { readonly session: string; readonly body: string }
          })
        const short = { session_id: "b-1", text: "é".repeat(1_000) }
        assert.deepStrictEqual(yield* send(json(short)), { session: "request", body: JSON.stringify(short) })
        const long = { session_id: "b-1", text: "x".repeat(300_000) }
        assert.deepStrictEqual(yield* send(json(long)), { session: "none", body: JSON.stringify(long) })
        assert.deepStrictEqual(yield* send(json(long), "/chat?session_id=q-1"), {
          session: "request",
          body: JSON.stringify(long)
        })
        assert.strictEqual((yield* send({ method: "POST", body: "no" })).session, "none")
      }).pipe(
        Effect.provide(
          HttpRouter.serve(HttpRouter.add("POST", "/chat", handler(read)), {
            disableLogger: true,
            disableListenLog: true,
            middleware: RequestSession.middleware(both)
          }).pipe(
            Layer.provideMerge(
              NodeHttpServer.layerServer(() => Http.createServer({ keepAliveTimeout: 0 }), {
                host: "127.0.0.1",
                port: 0
              })
            )
          )
        ),
        Effect.provide(Observed.dev())
      ))
  }

  it("waits for no body when the client waits for permission to send", async () => {
    const runtime = ManagedRuntime.make(
      HttpRouter.serve(HttpRouter.add("POST", "/chat", handler(readers[0]![1])), {
        disableLogger: true,
        disableListenLog: true,
        middleware: RequestSession.middleware(both)
      }).pipe(
        Layer.provideMerge(
          NodeHttpServer.layerServer(() => Http.createServer({ keepAliveTimeout: 0 }), { host: "127.0.0.1", port: 0 })
        ),
        Layer.provideMerge(Observed.dev())
      )
    )
    try {
      const url = await runtime.runPromise(
        Effect.map(HttpServer.HttpServer, (server) => HttpServer.formatAddress(server.address))
      )
      const body = JSON.stringify({ session_id: "b-1" })
      const text = await new Promise<string>((resolve, reject) => {
        const request = Http.request(url + "/chat", {
          method: "POST",
          headers: { "content-type": "application/json", "content-length": body.length, "expect": "100-continue" },
          timeout: 10_000
        }, (response) => {
          let read = ""
          response.on("data", (chunk) => read += chunk).on("end", () => resolve(read))
        })
        request.on("continue", () => request.end(body)).on("error", reject).flushHeaders()
      })
      assert.strictEqual(JSON.parse(text).body, body)
    } finally {
      await runtime.dispose()
    }
  })

  it("reads the session of a web request", async () => {
    const runtime = ManagedRuntime.make(Observed.dev())
    const context = await runtime.context()
    const handle = HttpEffect.toWebHandler(
      handler(readers[0]![1]).pipe(RequestSession.middleware(both), Effect.provide(context), Effect.orDie)
    )
    const body = { session_id: "b-1", text: "hello" }
    const response = await handle(new Request("http://localhost/chat", json(body)))
    assert.deepStrictEqual(await response.json(), { session: "request", body: JSON.stringify(body) })
    await runtime.dispose()
  })

  it.effect("changes nothing when there is no request", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* Effect.succeed(1).pipe(RequestSession.middleware(both)), 1)
    }))
})
