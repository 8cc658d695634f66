/**
 * A TCP proxy in front of an Agent or intake that can be told to misbehave. Requests go through real sockets on both
 * sides.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Net from "node:net"
import { setImmediate } from "node:timers/promises"
import * as Ports from "../test/layers/Ports.ts"

/**
 * - `pass`: everything goes through
 * - `hang`: connections are taken and nothing is ever answered
 * - `reset`: a connection is reset once `bytes` of it were read and passed on
 * - `loseAnswer`: the request goes through, the answer does not: the connection is reset
 * - `slow`: so many milliseconds are between one piece of a request that is read, 64 KiB at most, and the next
 * - `garbage`: the answer is not HTTP; with `delivered`, what it answers went through
 */
export type Behaviour =
  | { readonly _tag: "pass" | "hang" | "loseAnswer" }
  | { readonly _tag: "reset"; readonly bytes: number }
  | { readonly _tag: "slow"; readonly millis: number }
  | { readonly _tag: "garbage"; readonly delivered: boolean }

export interface FaultProxy {
  readonly url: string
  readonly port: number
  /** Begins to behave so, for new connections: the old ones are closed. */
  readonly behave: (behaviour: Behaviour) => void
  /** Waits until clients in this process have read that their connections were closed. */
  readonly quiet: Effect.Effect<void>
  /**
   * How many requests whose path has this in it met the present behaviour: were left hanging until the client gave up,
   * were reset before they were complete (or, of one byte, at once), had their answer lost or spoilt, or were read slowly
   * to their end.
   */
  readonly struck: (path: string) => number
  /** Refuses connections: nobody listens any more. */
  readonly down: Effect.Effect<void>
  /** Listens again, on the same port. */
  readonly up: Effect.Effect<void>
}

const reset = (socket: Net.Socket): void => {
  socket.resetAndDestroy()
}

const garbage = "NOTHTTP/9 what 00\r\n\r\n\u0000\u0001"

/** How long the request is whose head stands at the beginning of this, in bytes; 0 for one without a body. */
const lengthOf = (head: string): number => {
  const body = /\r\ncontent-length: (\d+)\r\n/i.exec(head)
  return body === null ? 0 : head.indexOf("\r\n\r\n") + 4 + Number(body[1])
}

/** Takes a port and stands in front of `target`. It begins to listen unless told otherwise. */
export const make = (
  target: { readonly port: number },
  options: { readonly listening: boolean } = { listening: true }
) =>
  Effect.gen(function*() {
    const sockets = new Set<Net.Socket>()
    let behaviour: Behaviour = { _tag: "pass" }
    let struck: Array<string> = []

    const serve = (client: Net.Socket): void => {
      const now = behaviour
      let read = 0
      let length = 0
      let path = ""
      const strike = () => {
        if (behaviour === now) struck.push(path)
      }
      client.on("data", (part) => {
        if (read === 0) {
          const head = part.toString("latin1")
          length = lengthOf(head)
          path = head.split(" ", 2)[1] ?? ""
        }
        read += part.byteLength
      })
      sockets.add(client)
      client.on("close", () => sockets.delete(client))
      client.on("error", () => client.destroy())
      if (now._tag === "hang") return void client.on("close", strike)
      if (now._tag === "garbage" && !now.delivered) {
        client.once("data", () => {
          strike()
          client.end(garbage)
        })
        return
      }
      const upstream = Net.connect(target.port, "127.0.0.1")
      sockets.add(upstream)
      upstream.on("close", () => sockets.delete(upstream))
      upstream.on("error", () => client.destroy())
      client.on("close", () => upstream.destroy())
      if (now._tag === "reset") {
        client.on("data", (part) => {
          if (read < now.bytes) return void upstream.write(part)
          if (now.bytes === 1 || read < length) strike()
          reset(client)
        })
        return
      }
      if (now._tag === "slow") {
        client.on("data", (part) => {
          client.pause()
          upstream.write(part)
          if (read >= length) strike()
          setTimeout(() => client.resume(), now.millis)
        })
      } else client.pipe(upstream)
      if (now._tag === "loseAnswer" || now._tag === "garbage") {
        upstream.once("data", () => {
          strike()
          if (now._tag === "garbage") client.end(garbage)
          else reset(client)
        })
      } else upstream.pipe(client)
    }

    const listen = (port: number): Effect.Effect<Net.Server> =>
      Effect.callback((resume) => {
        const server = Net.createServer(serve)
        server.once("error", (error) => resume(Effect.die(error)))
        server.listen(port, "127.0.0.1", () => resume(Effect.succeed(server)))
      })
    const close = (server: Net.Server): Effect.Effect<void> =>
      Effect.callback((resume) => {
        server.close(() => resume(Effect.void))
        for (const socket of sockets) socket.destroy()
      })

    const port = yield* Ports.reserve
    let server: Net.Server | undefined = yield* listen(port)
    // Sockets are read between one `setImmediate` and the next.
    const turn = Effect.promise(() => setImmediate())
    const quiet = Effect.andThen(Effect.sleep(10), Effect.andThen(turn, turn))
    const down = Effect.suspend(() => {
      const closing = server
      server = undefined
      return closing === undefined ? Effect.void : Effect.andThen(close(closing), quiet)
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
      port,
      behave: (next) => {
        behaviour = next
        struck = []
        // Connections that are kept alive would go on as they began.
        for (const socket of sockets) socket.destroy()
      },
      quiet,
      struck: (path) => struck.filter((other) => other.includes(path)).length,
      down,
      up
    }
    return proxy
  }) satisfies Effect.Effect<FaultProxy, never, Scope.Scope>
