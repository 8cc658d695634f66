/**
 * A recording stand-in for the Agent on loopback: it answers as a scenario says, and keeps every request.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import type { Config } from "./Scenario.ts"

export interface Received {
  readonly process: number
  readonly method: string
  readonly path: string
  readonly headers: { readonly [name: string]: string }
  readonly body: Buffer
  readonly answered: number
}

export interface AgentStandIn {
  readonly url: string
  /** Which process of the program runs now: requests are recorded under it. */
  process: number
  readonly received: ReadonlyArray<Received>
}

const defaultEndpoints = ["/v0.4/traces", "/v0.5/traces", "/evp_proxy/v2/"]

/** Starts a stand-in; it stops with the scope. */
export const make = (config: Config["agent"] = {}): Effect.Effect<AgentStandIn, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<{ readonly agent: AgentStandIn; readonly server: Http.Server }>((resume) => {
      const received: Array<Received> = []
      const statuses = Array.isArray(config.evp_status) ? [...config.evp_status as ReadonlyArray<number>] : undefined
      const evpStatus = (): number =>
        statuses?.shift() ?? (statuses !== undefined ? 202 : config.evp_status ?? 202) as number
      const info = JSON.stringify({
        version: "7.0.0",
        endpoints: config.endpoints ?? defaultEndpoints,
        client_drop_p0s: config.client_drop_p0s ?? false,
        span_meta_structs: config.span_meta_structs ?? true
      })
      const answer = (method: string, path: string): { readonly status: number; readonly body: string } => {
        if (path === "/info") return { status: config.info_status ?? 200, body: info }
        if (path.endsWith("/traces")) {
          return { status: 200, body: JSON.stringify({ rate_by_service: config.rates ?? {} }) }
        }
        return method === "POST" ? { status: evpStatus(), body: "{}" } : { status: 404, body: "" }
      }
      const server = Http.createServer((request, response) => {
        const parts: Array<Buffer> = []
        request.on("data", (part: Buffer) => parts.push(part))
        request.on("end", () => {
          const path = request.url ?? ""
          const { body, status } = answer(request.method ?? "", path)
          if (path !== "/info") {
            received.push({
              process: agent.process,
              method: request.method ?? "",
              path,
              headers: Object.fromEntries(
                Object.entries(request.headers).map(([name, value]) => [name, String(value)])
              ),
              body: Buffer.concat(parts),
              answered: status
            })
          }
          response.writeHead(status, { "content-type": "application/json" })
          response.end(body)
        })
      })
      const agent: { -readonly [K in keyof AgentStandIn]: AgentStandIn[K] } = { url: "", process: 0, received }
      server.listen(0, "127.0.0.1", () => {
        agent.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
        resume(Effect.succeed({ agent, server }))
      })
    }),
    ({ server }) =>
      Effect.callback<void>((resume) => {
        server.closeAllConnections()
        server.close(() => resume(Effect.void))
      })
  ).pipe(Effect.map(({ agent }) => agent))
