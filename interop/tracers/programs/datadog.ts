/**
 * A service with Datadog's own tracer in it, which sees the requests of `node:http` and `fetch` by itself.
 *
 * @since 0.1.0
 */
import type * as Http from "node:http"
import { createRequire } from "node:module"
import type { AddressInfo } from "node:net"
import * as Plan from "../Plan.ts"

interface Tracer {
  readonly init: () => Tracer
  readonly llmobs: {
    readonly trace: <A>(
      options: { readonly kind: string; readonly name: string; readonly sessionId?: string },
      run: () => Promise<A>
    ) => Promise<A>
    readonly exportSpan: () => Plan.OpenedSpan
    readonly flush: () => void
  }
}

const require = createRequire(import.meta.url)
const { llmobs } = (require("dd-trace") as Tracer).init()
// After the tracer, which wraps what is required later.
const http = require("node:http") as typeof Http

const plan = Plan.fromEnvironment()

const work = (spans: Array<Plan.OpenedSpan>): Promise<Plan.Report | undefined> => {
  const planned = plan.spans[spans.length]
  if (planned === undefined) return Plan.callNext(plan, {})
  const { kind, name, sessionId } = planned
  return llmobs.trace({ kind, name, ...(sessionId === undefined ? {} : { sessionId }) }, () => {
    const { spanId, traceId } = llmobs.exportSpan()
    spans.push({ spanId, traceId })
    return work(spans)
  })
}

const answer = async (request: Http.IncomingMessage): Promise<Plan.Report> => {
  const spans: Array<Plan.OpenedSpan> = []
  const next = await work(spans)
  return { name: plan.name, received: Plan.flat(request.headers), spans, next }
}

const server = http.createServer((request, response) => {
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
// The tracer sends what it holds when the process has nothing left to do.
server.close()
server.closeAllConnections()
