/** A server on this machine that answers with the headers it got, or sends its caller elsewhere. */
import * as Effect from "effect/Effect"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"

export type Headers = { readonly [name: string]: string }

/** `?to=` redirects (with `&status=`), `?loop` redirects for ever. `seen` has the method and body of each request. */
export const server = Effect.acquireRelease(
  Effect.callback<{ readonly port: number; readonly seen: Array<string>; readonly server: Http.Server }>((resume) => {
    const seen: Array<string> = []
    const server = Http.createServer({ keepAliveTimeout: 0 }, async (request, response) => {
      let body = ""
      for await (const chunk of request) body += String(chunk)
      seen.push(`${request.method} ${body}`)
      const query = new URL(request.url!, "http://localhost").searchParams
      const to = query.has("loop") ? request.url! : query.get("to")
      if (to === null) response.setHeader("content-type", "application/json").end(JSON.stringify(request.headers))
      else response.writeHead(Number(query.get("status") ?? "302"), { location: to }).end()
    })
    // Every name and address of this machine's loopback interface, of either family.
    server.listen(0, "::", () => resume(Effect.succeed({ port: (server.address() as AddressInfo).port, seen, server })))
    server.on(
      "error",
      () =>
        server.listen(
          0,
          "127.0.0.1",
          () => resume(Effect.succeed({ port: (server.address() as AddressInfo).port, seen, server }))
        )
    )
  }),
  ({ server }) =>
    Effect.callback<void>((resume) => {
      server.close(() => resume(Effect.void))
      server.closeAllConnections()
    })
)
