/**
 * A TCP proxy in front of an Agent that can be told to misbehave. Requests go through real sockets on both sides.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Net from "node:net"

/**
 * - `pass`: everything goes through
 * - `hang`: connections are taken and nothing is ever answered
 * - `reset`: a connection is reset once `bytes` of it were read
 * - `loseAnswer`: the request goes through, the answer does not: the connection is reset
 * - `slow`: what comes is passed on in small pieces
 * - `garbage`: the answer is not HTTP
 */
export type Behaviour =
  | { readonly _tag: "pass" | "hang" | "loseAnswer" | "slow" | "garbage" }
  | { readonly _tag: "reset"; readonly bytes: number }

export interface FaultProxy {
  readonly url: string
  readonly behave: (behaviour: Behaviour) => void
  /** Refuses connections: nobody listens any more. */
  readonly down: Effect.Effect<void>
  /** Listens again, on the same port. */
  readonly up: Effect.Effect<void>
}

const reset = (socket: Net.Socket): void => {
  socket.resetAndDestroy()
}

/** Takes a port and stands in front of `target`. It begins to listen unless told otherwise. */
export const make = (
  target: { readonly port: number },
  options: { readonly listening: boolean } = { listening: true }
) =>
  Effect.gen(function*() {
    const sockets = new Set<Net.Socket>()
    let behaviour: Behaviour = { _tag: "pass" }

    const serve = (client: Net.Socket): void => {
      const now = behaviour
      sockets.add(client)
      client.on("close", () => sockets.delete(client))
      client.on("error", () => client.destroy())
      if (now._tag === "hang") return void client.resume()
      if (now._tag === "garbage") {
        client.once("data", () => client.end("NOTHTTP/9 what 00\r\n\r\n\u0000\u0001"))
        return
      }
      const upstream = Net.connect(target.port, "127.0.0.1")
      sockets.add(upstream)
      upstream.on("close", () => sockets.delete(upstream))
      upstream.on("error", () => client.destroy())
      client.on("close", () => upstream.destroy())
      if (now._tag === "reset") {
        let read = 0
        client.on("data", (part) => {
          read += part.byteLength
          if (read >= now.bytes) reset(client)
        })
        return
      }
      if (now._tag === "slow") {
        client.on("data", (part) => {
          client.pause()
          upstream.write(part)
          setTimeout(() => client.resume(), 2)
        })
      } else client.pipe(upstream)
      if (now._tag === "loseAnswer") upstream.once("data", () => reset(client))
      else upstream.pipe(client)
    }

    const listen = (port: number): Effect.Effect<Net.Server> =>
      Effect.callback((resume) => {
        const server = Net.createServer(serve)
        server.listen(port, "127.0.0.1", () => resume(Effect.succeed(server)))
      })
    const close = (server: Net.Server): Effect.Effect<void> =>
      Effect.callback((resume) => {
        server.close(() => resume(Effect.void))
        for (const socket of sockets) socket.destroy()
      })

    let server: Net.Server | undefined = yield* listen(0)
    const port = (server.address() as Net.AddressInfo).port
    const down = Effect.suspend(() => {
      const closing = server
      server = undefined
      return closing === undefined ? Effect.void : close(closing)
    })
    const up = Effect.suspend(() =>
      server !== undefined ? Effect.void : Effect.map(listen(port), (again) => {
        server = again
      })
    )
    yield* Effect.addFinalizer(() => down)
    if (!options.listening) yield* down
    const proxy: FaultProxy = {
      url: `http://127.0.0.1:${port}`,
      behave: (next) => {
        behaviour = next
        // Connections that are kept alive would go on as they began.
        for (const socket of sockets) socket.destroy()
      },
      down,
      up
    }
    return proxy
  }) satisfies Effect.Effect<FaultProxy, never, Scope.Scope>
