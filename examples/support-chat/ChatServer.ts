/**
 * The shop's chat endpoint: an Effect HTTP server on a free port of the loopback interface.
 *
 * It has no middleware for tracing, sessions or baggage. The layer itself reads the context of each request.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import type { LanguageModel } from "effect/ai/LanguageModel"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import type * as HttpServer from "effect/http/HttpServer"
import type { ServeError } from "effect/http/HttpServerError"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Http from "node:http"
import * as SupportAgent from "./SupportAgent.ts"
import * as Witness from "./Witness.ts"

const Body = Schema.Struct({
  conversation: Schema.String,
  question: Schema.String,
  callId: Schema.optional(Schema.String)
})

/** Serves `POST /chat`; `sightings` receives what the agent's spans were. */
export const layer = (
  sightings: Array<Witness.Sighting>
): Layer.Layer<HttpServer.HttpServer, ServeError, LanguageModel> =>
  HttpRouter.serve(
    HttpRouter.add(
      "POST",
      "/chat",
      Effect.gen(function*() {
        const { callId, conversation, question } = yield* HttpServerRequest.schemaBodyJson(Body)
        const answer = yield* Witness.watch(conversation, sightings)(SupportAgent.reply({ text: question, callId }))
        return yield* HttpServerResponse.json({ answer })
      })
    ),
    { disableLogger: true, disableListenLog: true }
  ).pipe(
    Layer.provide(SupportAgent.Handlers),
    Layer.provideMerge(NodeHttpServer.layerServer(() => Http.createServer(), { host: "127.0.0.1", port: 0 }))
  )
