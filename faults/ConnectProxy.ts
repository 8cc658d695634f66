/**
 * A proxy for connections with TLS, which refuses each CONNECT until it is told where its tunnels lead.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import * as Net from "node:net"

export interface ConnectProxy {
  readonly url: string
  /** How many CONNECT requests were refused. */
  readonly refused: () => number
  readonly tunnel: (port: number) => void
}

/** It answers CONNECT with these statuses, in turn, until it tunnels. */
export const make = (answers: ReadonlyArray<number>): Effect.Effect<ConnectProxy, never, Scope.Scope> =>
  Effect.gen(function*() {
    const sockets = new Set<Net.Socket>()
    let target: number | undefined
    let refused = 0

    const follow = (socket: Net.Socket): void => {
      sockets.add(socket)
      socket.on("error", () => socket.destroy())
      socket.on("close", () => sockets.delete(socket))
    }
    const server = yield* Effect.acquireRelease(
      Effect.callback<Http.Server>((resume) => {
        const server = Http.createServer((_, response) => response.writeHead(400).end())
        server.on("connect", (_request: Http.IncomingMessage, socket: Net.Socket) => {
          follow(socket)
          const to = target
          if (to === undefined) {
            socket.end(`HTTP/1.1 ${answers[refused++ % answers.length]} No\r\ncontent-length: 2\r\n\r\n{}`)
            return
          }
          const upstream = Net.connect(to, "127.0.0.1")
          follow(upstream)
          upstream.on("close", () => socket.destroy())
          socket.on("close", () => upstream.destroy())
          socket.write("HTTP/1.1 200 Connection Established\r\n\r\n")
          socket.pipe(upstream).pipe(socket)
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
      url: `http://127.0.0.1:${(server.address() as Net.AddressInfo).port}`,
      refused: () => refused,
      tunnel: (port) => {
        target = port
      }
    }
  })
