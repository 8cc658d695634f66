/**
 * Datadog's intakes, as far as the Agent can tell: takes what arrives, decodes it, and fails when told to.
 *
 * @since 0.1.0
 */
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import * as Zlib from "node:zlib"
import type { ReceivedSpan } from "./AgentPayload.ts"
import * as AgentPayload from "./AgentPayload.ts"

/**
 * - `trace`: inside a trace payload of the Agent
 * - `evp`: by itself, through the Agent's EVP proxy
 *
 * @category models
 * @since 0.1.0
 */
export type Route = "trace" | "evp"

/**
 * How a request is answered: it is taken, it is refused with a status, or it is taken and the answer gets lost.
 *
 * @category models
 * @since 0.1.0
 */
export type Reply = "take" | "lose" | number

/**
 * An event that was taken. `span_id` is decimal.
 *
 * @category models
 * @since 0.1.0
 */
export interface Arrival {
  readonly route: Route
  readonly spanId: string
  readonly event: { readonly [key: string]: unknown }
}

/**
 * @category models
 * @since 0.1.0
 */
export interface FakeIntake {
  /** `host:port` on loopback. */
  readonly address: string
  readonly arrivals: ReadonlyArray<Arrival>
  /** The APM spans that were taken, events or not. */
  readonly spans: ReadonlyArray<ReceivedSpan>
  /** What could not be read, and requests that nobody should have sent. */
  readonly complaints: ReadonlyArray<string>
  readonly close: () => Promise<void>
}

const maxBodyBytes = 32 * 1024 * 1024

/**
 * Starts an intake. `reply` says what becomes of the n-th request (from 1) of a route.
 *
 * @category constructors
 * @since 0.1.0
 */
export const start = async (reply: (route: Route, nth: number) => Reply): Promise<FakeIntake> => {
  const arrivals: Array<Arrival> = []
  const spans: Array<ReceivedSpan> = []
  const complaints: Array<string> = []
  const seen = { trace: 0, evp: 0 }

  const take = (route: Route, body: Uint8Array): void => {
    if (route === "trace") {
      for (const span of AgentPayload.decode(body)) {
        spans.push(span)
        if (span.event === undefined) continue
        if (isRecord(span.event)) arrivals.push({ route, spanId: span.spanId, event: span.event })
        else complaints.push("a struct is not a map")
      }
      return
    }
    const envelopes: unknown = JSON.parse(new TextDecoder().decode(body))
    for (const envelope of Array.isArray(envelopes) ? envelopes : [envelopes]) {
      for (const event of isRecord(envelope) && Array.isArray(envelope["spans"]) ? envelope["spans"] : [undefined]) {
        if (isRecord(event) && typeof event["span_id"] === "string") {
          arrivals.push({ route, spanId: event["span_id"], event })
        } else complaints.push("an envelope without an event")
      }
    }
  }

  const server = Http.createServer({ keepAliveTimeout: 0 }, (request, response) => {
    const chunks: Array<Buffer> = []
    let size = 0
    request.on("error", () => {})
    request.on("data", (chunk: Buffer) => {
      size += chunk.byteLength
      if (size > maxBodyBytes) request.destroy()
      else chunks.push(chunk)
    })
    request.on("end", () => {
      const name = `${request.headers.host?.split(".", 1)[0]} ${request.url}`
      const route = routes.get(name)
      if (route === undefined) {
        if (!ignored.has(name)) complaints.push(`nobody takes ${name}`)
        response.writeHead(202).end()
        return
      }
      const answer = reply(route, ++seen[route])
      if (typeof answer === "number") {
        response.writeHead(answer).end()
        return
      }
      try {
        const body = Buffer.concat(chunks)
        take(route, request.headers["content-encoding"] === "gzip" ? Zlib.gunzipSync(body) : body)
      } catch (error) {
        complaints.push(`a body of the route ${route} cannot be read: ${String(error)}`)
      }
      if (answer === "lose") request.socket.destroy()
      else response.writeHead(202, { "content-type": "application/json" }).end("{}")
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(0, "127.0.0.1", resolve)
  })
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrivals,
    spans,
    complaints,
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    }
  }
}

// The first label of the host that the Agent means, and the path.
const routes: ReadonlyMap<string, Route> = new Map([
  ["trace /api/v0.2/traces", "trace"],
  ["llmobs-intake /api/v2/llmobs", "evp"]
])
const ignored: ReadonlySet<string> = new Set(["trace /api/v0.2/stats"])

const isRecord = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value)
