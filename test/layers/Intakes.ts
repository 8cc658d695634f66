/** The intakes of all sites, as one real server on loopback that says who sent what to which of them. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import * as NodeTransport from "../../src/adapters/node-transport/NodeTransport.ts"
import { Transport } from "../../src/ports/Transport.ts"

export interface Received {
  readonly site: string
  readonly key: string
  /** The names of the events in one request that was accepted. */
  readonly names: ReadonlyArray<string>
}

/** Answers each key with the status that `statuses` has for it, else with 202. */
export const make = (statuses: Map<string, number> = new Map()) =>
  Effect.gen(function*() {
    const accepted: Array<Received> = []
    const refused: Array<Received> = []
    const server = yield* Effect.acquireRelease(
      Effect.callback<Http.Server>((resume) => {
        const server = Http.createServer({ keepAliveTimeout: 0 }, (request, response) => {
          const parts: Array<Buffer> = []
          request.on("data", (part: Buffer) => parts.push(part))
          request.on("end", () => {
            const key = String(request.headers["dd-api-key"])
            const status = statuses.get(key) ?? 202
            const body: ReadonlyArray<any> = JSON.parse(Buffer.concat(parts).toString())
            const received = {
              site: String(request.headers["x-site"]),
              key,
              names: body.map(({ spans }) => spans[0].name)
            }
            if (status < 300) accepted.push(received)
            else refused.push(received)
            response.writeHead(status).end("{}")
          })
        })
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) =>
        Effect.callback<void>((resume) => {
          server.close(() => resume(Effect.void))
          server.closeAllConnections()
        })
    )
    const { port } = server.address() as AddressInfo
    const prefix = "llmobs-intake."
    // Only the names of the hosts are not real: what is meant for an intake of Datadog goes to the server here.
    const layer = Layer.effect(
      Transport,
      Effect.map(NodeTransport.make({}), (node) => ({
        send: (request) =>
          node.send(
            !request.target.host.startsWith(prefix) ? request : {
              ...request,
              target: { protocol: "http", host: "127.0.0.1", port, basePath: "" },
              headers: { ...request.headers, "x-site": request.target.host.slice(prefix.length) }
            }
          )
      }))
    )
    return { accepted, refused, layer }
  })
