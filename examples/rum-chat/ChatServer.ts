/**
 * A chat behind a page that Datadog's RUM watches: an Effect HTTP server on the loopback interface.
 *
 * Baggage needs nothing here. For pages that send their session in the body or the query, there is one middleware.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as LLMObs from "effect-llmobs/LLMObs"
import * as RequestSession from "effect-llmobs/RequestSession"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import type * as HttpServer from "effect/http/HttpServer"
import type { ServeError } from "effect/http/HttpServerError"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Http from "node:http"
import * as Page from "./Page.ts"

const Question = Schema.Struct({ question: Schema.String })

/** The assistant. A model would be called where the text is made up. */
const reply = (question: string) =>
  Effect.succeed(`It arrives tomorrow. (You asked: ${question})`).pipe(
    LLMObs.llm("answer", { model: "parrot-1", provider: "example", input: question, output: (text) => text })
  )

const chat = ({ question }: typeof Question.Type) =>
  Effect.gen(function*() {
    const answer = yield* reply(question)
    const span = Option.getOrUndefined(yield* LLMObs.currentSpan)
    // The page shows where the session came from; an application has no use for it.
    return yield* HttpServerResponse.json({ answer, session: span?.sources.session ?? "nowhere" })
  }).pipe(LLMObs.workflow("support", { input: question, tags: { channel: "page" } }))

const routes = Layer.mergeAll(
  HttpRouter.add("GET", "/", Effect.map(Page.html, (text) => HttpServerResponse.html(text))),
  Layer.unwrap(
    Effect.map(Page.script, (code) =>
      HttpRouter.add(
        "GET",
        "/page.js",
        Effect.succeed(HttpServerResponse.text(code, { contentType: "text/javascript" }))
      ))
  ),
  HttpRouter.add("POST", "/chat", Effect.flatMap(HttpServerRequest.schemaBodyJson(Question), chat)),
  HttpRouter.add("GET", "/chat", Effect.flatMap(HttpServerRequest.schemaSearchParams(Question), chat)),
  // The requests of RUM itself end here instead of at Datadog.
  HttpRouter.add("POST", "/rum-intake", Effect.succeed(HttpServerResponse.empty({ status: 202 })))
)

/** Serves the page and the chat. */
export const layer = (options: { readonly port: number }): Layer.Layer<HttpServer.HttpServer, ServeError> =>
  HttpRouter.serve(routes, {
    disableLogger: true,
    disableListenLog: true,
    middleware: RequestSession.middleware({ body: "session_id", query: "session_id" })
  }).pipe(
    Layer.provideMerge(NodeHttpServer.layerServer(() => Http.createServer(), { host: "127.0.0.1", port: options.port }))
  )
