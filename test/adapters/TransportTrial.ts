/** A server and a request for the tests of transports. */
import * as Effect from "effect/Effect"
import * as Http from "node:http"
import type * as Net from "node:net"
import type { Request } from "../../src/ports/Transport.ts"

/** A server on a free port, or on a socket, that ends with the scope. */
export const serve = (handler: Http.RequestListener, socketPath?: string) =>
  Effect.acquireRelease(
    Effect.callback<Http.Server>((resume) => {
      const server = Http.createServer({ keepAliveTimeout: 0 }, handler)
      server.listen(socketPath === undefined ? { host: "127.0.0.1", port: 0 } : { path: socketPath }, () =>
        resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.callback<void>((resume) => {
        server.close(() =>
          resume(Effect.void)
        )
        server.closeAllConnections()
      })
  )

export const portOf = (server: Http.Server): number => (server.address() as Net.AddressInfo).port

export const request = (port: number, more: Partial<Request> = {}): Request => ({
  target: { protocol: "http", host: "127.0.0.1", port, basePath: "" },
  method: "POST",
  path: "/x",
  headers: {},
  body: new TextEncoder().encode("{}"),
  timeoutMillis: 50_000,
  ...more
})
