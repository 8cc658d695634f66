/**
 * A service with this library in it: an Effect HTTP server, spans, and `LLMObs.inject` into a `fetch`.
 *
 * @since 0.1.0
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Option from "effect/Option"
import * as Http from "node:http"
import * as LLMObs from "../../../src/layers/LLMObs.ts"
import * as Plan from "../Plan.ts"

const plan = Plan.fromEnvironment()

const kinds: { readonly [K in Plan.Kind]: LLMObs.SpanFunction } = {
  workflow: LLMObs.workflow,
  agent: LLMObs.agent,
  llm: LLMObs.llm,
  task: LLMObs.task,
  experiment: LLMObs.experiment
}

const call = Effect.flatMap(
  LLMObs.inject,
  (headers) => Effect.promise((signal) => Plan.callNext(plan, headers, signal))
)

const handler = Effect.gen(function*() {
  const request = yield* HttpServerRequest.HttpServerRequest
  const spans: Array<Plan.OpenedSpan> = []
  const opened = Effect.map(LLMObs.currentSpan, (span) => {
    const { spanId, traceId } = Option.getOrThrow(span)
    spans.push({ spanId, traceId })
  })
  const work = plan.spans.reduceRight(
    (inner, { experimentId, kind, name, sessionId }) =>
      Effect.andThen(opened, inner).pipe(
        kinds[kind](name, { sessionId, experiment: experimentId === undefined ? undefined : { id: experimentId } })
      ),
    call
  )
  const next = yield* work
  const report: Plan.Report = { name: plan.name, received: Plan.flat(request.headers), spans, next }
  return yield* HttpServerResponse.json(report)
})

await Effect.gen(function*() {
  const server = yield* HttpServer.HttpServer
  yield* HttpServer.serveEffect(handler)
  Plan.announce(HttpServer.formatAddress(server.address))
  yield* Effect.promise(Plan.released)
}).pipe(
  Effect.scoped,
  Effect.provide(NodeHttpServer.layer(() => Http.createServer(), { host: "127.0.0.1", port: 0 })),
  Effect.provide(LLMObs.layerFromConfig({ flushTimeout: "50 seconds" })),
  Effect.runPromise
)
