/** A real Effect HTTP server with an LLM program behind it, without any middleware, and requests to it. */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Http from "node:http"
import * as LLMObs from "../../../src/layers/LLMObs.ts"

type Handler = Effect.Effect<unknown, never, HttpServerRequest.HttpServerRequest>

/** The program that a request runs by default. */
export const chat: Effect.Effect<void> = Effect.void.pipe(LLMObs.llm("chat"), LLMObs.workflow("support"))

export const routes = (handler: Handler) =>
  HttpRouter.serve(
    Layer.mergeAll(
      HttpRouter.add("GET", "/chat/:id", Effect.as(handler, HttpServerResponse.text("done"))),
      HttpRouter.add("GET", "/silent/:id", Effect.succeed(HttpServerResponse.text("done"))),
      HttpRouter.add("GET", "/broken", Effect.die(new Error("broken")).pipe(LLMObs.workflow("breaking"))),
      HttpRouter.add("GET", "/refused", Effect.succeed(HttpServerResponse.text("later", { status: 503 }))),
      HttpRouter.add("GET", "/teapot", Effect.as(handler, HttpServerResponse.text("short", { status: 418 })))
    ),
    { disableLogger: true, disableListenLog: true }
  )

export const server = NodeHttpServer.layerServer(() => Http.createServer({ keepAliveTimeout: 0 }), {
  host: "127.0.0.1",
  port: 0
})

/** The server, to which a test sends requests, with the program behind it. */
export const serving = (handler: Handler = chat) => Layer.provideMerge(routes(handler), server)

export type Headers = Http.OutgoingHttpHeaders

/** Sends one request; gives its status. Headers may repeat, which `fetch` does not allow. */
export const get = (path: string, headers: Headers = {}): Effect.Effect<number, never, HttpServer.HttpServer> =>
  Effect.flatMap(HttpServer.HttpServer, ({ address }) => {
    const { hostname, port } = new URL(HttpServer.formatAddress(address))
    return Effect.callback<number>((resume) => {
      const request = Http.request(
        { host: hostname, port, path, headers, agent: false },
        (response) => {
          response.resume()
          response.on("end", () => resume(Effect.succeed(response.statusCode ?? 0)))
        }
      )
      request.on("error", (error) => resume(Effect.die(error)))
      request.end()
    })
  })
