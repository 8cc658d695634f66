/**
 * A port in front of an Agent or intake where TLS is expected, with a certificate that can be exchanged, or without TLS.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Net from "node:net"
import * as Tls from "node:tls"
import type { Certificate } from "./Certificate.ts"

export interface TlsFront {
  readonly url: string
  /** Shows this certificate from now on; without one it answers in plain text. */
  readonly show: (certificate: Certificate | undefined) => void
  /** How many connections were made since, and how many of them brought a request. */
  readonly connections: () => number
  readonly requests: () => number
}

export const make = (target: { readonly port: number }): Effect.Effect<TlsFront, never, Scope.Scope> =>
  Effect.gen(function*() {
    const sockets = new Set<Net.Socket>()
    let context: Tls.SecureContext | undefined
    let connections = 0
    let requests = 0

    const pass = (client: Net.Socket): void => {
      const upstream = Net.connect(target.port, "127.0.0.1")
      client.once("data", () => requests++)
      client.on("error", () => client.destroy())
      client.on("close", () => upstream.destroy())
      upstream.on("error", () => client.destroy())
      upstream.on("close", () => client.destroy())
      client.pipe(upstream)
      upstream.pipe(client)
    }
    const server = yield* Effect.acquireRelease(
      Effect.callback<Net.Server>((resume) => {
        const server = Net.createServer((socket) => {
          connections++
          sockets.add(socket)
          socket.on("close", () => sockets.delete(socket))
          socket.on("error", () => socket.destroy())
          if (context === undefined) {
            socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\nno TLS here"))
            return
          }
          const secure = new Tls.TLSSocket(socket, { isServer: true, secureContext: context })
          secure.on("error", () => socket.destroy())
          secure.once("secure", () => pass(secure))
        })
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) =>
        Effect.callback<void>((resume) => {
          server.close(() => resume(Effect.void))
          for (const socket of sockets) socket.destroy()
        })
    )
    return {
      url: `https://127.0.0.1:${(server.address() as Net.AddressInfo).port}`,
      show: (certificate) => {
        context = certificate === undefined ? undefined : Tls.createSecureContext(certificate)
        connections = 0
        requests = 0
        for (const socket of sockets) socket.destroy()
      },
      connections: () => connections,
      requests: () => requests
    }
  })
