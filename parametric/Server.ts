/**
 * The HTTP side: one server on loopback that answers 404 to what it does not know, and only once the SDK is ready.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import * as Body from "./Body.ts"
import * as Endpoints from "./Endpoints.ts"
import type { Problems } from "./Sdk.ts"

const maxBodyBytes = 64 * 1024 * 1024

interface Answer {
  readonly status: number
  readonly body: unknown
  readonly headers?: { readonly [name: string]: string }
}

const refusal = (status: number, reason: string, headers: Answer["headers"] = {}): Answer => ({
  status,
  body: { error: reason },
  headers
})

/** The text of the body; `undefined` when it is too large, or did not arrive whole. */
const collect = (request: Http.IncomingMessage): Promise<string | undefined> =>
  new Promise((resolve) => {
    const parts: Array<Buffer> = []
    let size = 0
    request.on("data", (part: Buffer) => {
      size += part.length
      if (size <= maxBodyBytes) parts.push(part)
      else parts.length = 0
    })
    request.on("end", () => resolve(size <= maxBodyBytes ? Buffer.concat(parts).toString() : undefined))
    request.on("close", () => resolve(undefined))
  })

/** Starts the server inside a region of the SDK's layer; it stops with the scope. */
export const make = Effect.fnUntraced(function*(options: {
  readonly port: number
  readonly problems: Problems
}): Effect.fn.Return<{ readonly port: number }, never, Scope.Scope> {
  const endpoints = Endpoints.make(options.problems)
  const context = yield* Effect.context<never>()
  const run = Effect.runPromiseWith(context)

  const answer = async (request: Http.IncomingMessage): Promise<Answer> => {
    const path = (request.url ?? "/").split("?", 1)[0]!
    const endpoint = endpoints.get(`${request.method} ${path}`)
    const text = await collect(request)
    if (endpoint === undefined) {
      const method = ["GET", "POST"].find((other) => endpoints.has(`${other} ${path}`))
      return method === undefined
        ? refusal(404, "There is no such path.")
        : refusal(405, `This path takes ${method}.`, { allow: method })
    }
    if (text === undefined) return refusal(413, "The body is too large.")
    return run(
      Effect.suspend(() => endpoint(Body.parseObject(text))).pipe(
        Effect.map((body): Answer => ({ status: 200, body })),
        Effect.catchTag("Raised", (error) => Effect.succeed(refusal(500, error.message))),
        Effect.catchTag("Malformed", (error) => Effect.succeed(refusal(400, error.message))),
        Effect.catchDefect((defect) =>
          Effect.succeed(
            defect instanceof Body.Malformed ? refusal(400, defect.message) : refusal(500, String(defect))
          )
        )
      )
    )
  }

  const server = Http.createServer((request, response) => {
    void answer(request).then(({ body, headers, status }) => {
      response.writeHead(status, { "content-type": "application/json", ...headers })
      response.end(JSON.stringify(body))
    })
  })
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => {
      server.once("error", (error) => resume(Effect.die(error)))
      server.listen({ host: "127.0.0.1", port: options.port }, () => resume(Effect.void))
    }),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )
  return { port: (server.address() as AddressInfo).port }
})
