/**
 * A service with the OpenTelemetry SDK and its W3C propagators in it, and nothing of Datadog.
 *
 * @since 0.1.0
 */
import { context, propagation, SpanKind, trace } from "@opentelemetry/api"
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks"
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from "@opentelemetry/core"
import { AlwaysOffSampler, AlwaysOnSampler, TracerProvider } from "@opentelemetry/sdk-trace"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import * as Plan from "../Plan.ts"

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
propagation.setGlobalPropagator(
  new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] })
)
// By default the SDK follows its parent.
const samplers: { readonly [name: string]: AlwaysOnSampler | AlwaysOffSampler } = {
  always_on: new AlwaysOnSampler(),
  always_off: new AlwaysOffSampler()
}
const sampler = samplers[process.env["OTEL_TRACES_SAMPLER"] ?? ""]
const tracer = new TracerProvider(sampler === undefined ? {} : { sampler }).getTracer("interop")

const plan = Plan.fromEnvironment()

const answer = (request: Http.IncomingMessage): Promise<Plan.Report> =>
  context.with(
    propagation.extract(context.active(), request.headers),
    () =>
      tracer.startActiveSpan("GET /work", { kind: SpanKind.SERVER }, (server) =>
        tracer.startActiveSpan("GET", { kind: SpanKind.CLIENT }, async (client) => {
          const headers: Record<string, string> = {}
          propagation.inject(context.active(), headers)
          const next = await Plan.callNext(plan, headers)
          client.end()
          server.end()
          const { spanId, traceId } = trace.getSpanContext(context.active())!
          return { name: plan.name, received: Plan.flat(request.headers), spans: [], caller: { spanId, traceId }, next }
        }))
  )

const server = Http.createServer((request, response) => {
  answer(request).then(
    (report) => response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(report)),
    (error: unknown) => {
      console.error(error)
      response.writeHead(500).end()
    }
  )
})
server.listen(0, "127.0.0.1", () => Plan.announce(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
await Plan.released()
server.close()
server.closeAllConnections()
