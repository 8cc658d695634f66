/**
 * The door of a scripted intake: it looks at the key of each request, as the real one does, and passes on what has a key
 * that it knows. A request to an Agent's proxy has none.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import type * as Net from "node:net"

export interface KeyGate {
  readonly url: string
  /** Knows these keys and no other. */
  readonly accept: (...keys: ReadonlyArray<string>) => void
  /** Answers nobody with this key, or everybody again. */
  readonly hang: (key: string | undefined) => void
  /** How many requests came with this key and were refused, or left without an answer. */
  readonly refused: (key: string) => number
}

const bodyOf = (request: Http.IncomingMessage): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const parts: Array<Buffer> = []
    request.on("data", (part: Buffer) => parts.push(part))
    request.on("end", () => resolve(Buffer.concat(parts)))
    request.on("error", reject)
  })

export const make = (target: { readonly port: number }): Effect.Effect<KeyGate, never, Scope.Scope> =>
  Effect.gen(function*() {
    let known: ReadonlyArray<string> = []
    let hanging: string | undefined
    const refused = new Map<string, number>()

    const serve = async (request: Http.IncomingMessage, response: Http.ServerResponse): Promise<void> => {
      const body = await bodyOf(request)
      const key = String(request.headers["dd-api-key"] ?? "")
      const own = key === "" && request.url!.startsWith("/evp_proxy")
      if (!own && (key === hanging || !known.includes(key))) {
        refused.set(key, (refused.get(key) ?? 0) + 1)
        if (key === hanging) return
        response.writeHead(403, { "content-type": "application/json" }).end("{\"errors\":[\"Forbidden\"]}")
        return
      }
      const passed = Http.request({
        port: target.port,
        host: "127.0.0.1",
        method: request.method,
        path: request.url,
        headers: { ...request.headers, connection: "close" }
      })
      passed.on("error", () => response.destroy())
      passed.on("response", (answer) => {
        response.writeHead(answer.statusCode!, { "content-type": "application/json" })
        answer.pipe(response)
      })
      passed.end(body)
    }
    const server = yield* Effect.acquireRelease(
      Effect.callback<Http.Server>((resume) => {
        const server = Http.createServer({ keepAliveTimeout: 0 }, (request, response) => {
          serve(request, response).catch(() => response.destroy())
        })
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) =>
        Effect.callback<void>((resume) => {
          server.close(() => resume(Effect.void))
          server.closeAllConnections()
        })
    )
    return {
      url: `http://127.0.0.1:${(server.address() as Net.AddressInfo).port}`,
      accept: (...keys) => {
        known = keys
      },
      hang: (key) => {
        hanging = key
      },
      refused: (key) => refused.get(key) ?? 0
    }
  })
