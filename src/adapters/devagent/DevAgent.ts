/**
 * A trace Agent inside this process: a real HTTP server on loopback that is as strict as the real one, with the intake
 * behind it.
 *
 * **When to use**
 *
 * Use it to inspect what leaves a program and by which route: in tests, in place of mocks, and on a developer's
 * machine.
 *
 * **Details**
 *
 * It serves `/info`, `/v0.4/traces`, `/v0.3/traces`, `/evp_proxy/v1/` to `v4/`, and the intake's own paths for clients
 * that send without an Agent (`DD-API-KEY` is wanted, any key will do). Everything is kept in memory, bounded.
 *
 * **Gotchas**
 *
 * Trace payloads in JSON and the formats v0.1, v0.2, v0.5, v0.7 and v1.0 are not served.
 */
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Http from "node:http"
import * as LongestWait from "../../domain/delivery/LongestWait.ts"
import type * as AgentEndpoints from "./AgentEndpoints.ts"
import * as AgentReceiver from "./AgentReceiver.ts"
import type { AgentReceiver as Receiver } from "./AgentReceiver.ts"
import type * as AgentSettings from "./AgentSettings.ts"

/** The server could not start listening. */
export class DevAgentError extends Data.TaggedError("DevAgentError")<{
  readonly code: "address_in_use" | "address_unavailable" | "permission_denied" | "bind_failed"
  readonly message: string
}> {}

/** Where to listen, how much to keep, and how to behave. */
export interface Options extends AgentSettings.Configuration {
  /** A TCP port of 127.0.0.1; 0, the default, takes a free one. */
  readonly port?: number | undefined
  /** Listens on this unix socket instead of TCP. */
  readonly socketPath?: string | undefined
  /** Most requests kept (1,000), and most bytes of their bodies (64 MiB). */
  readonly maxRequests?: number | undefined
  readonly maxRequestsBytes?: number | undefined
  /** Most events kept (10,000), and most bytes of them (64 MiB). */
  readonly maxEvents?: number | undefined
  readonly maxEventsBytes?: number | undefined
}

/**
 * A running Agent. The lists are snapshots, oldest first. `clear` forgets what came in and refills the rate limits;
 * `configure` changes some settings and leaves the others, and refills the rate limits too.
 */
export interface DevAgent extends
  Pick<
    Receiver,
    | "requests"
    | "traces"
    | "events"
    | "spans"
    | "onEvents"
    | "sampledOut"
    | "counts"
    | "clear"
    | "configure"
  >
{
  /** `http://127.0.0.1:<port>`, or `unix://<path>`. */
  readonly url: string
  /** 0 on a unix socket. */
  readonly port: number
}

const codes: { readonly [code: string]: DevAgentError["code"] } = {
  EADDRINUSE: "address_in_use",
  EADDRNOTAVAIL: "address_unavailable",
  EACCES: "permission_denied",
  EPERM: "permission_denied"
}

const failed = (cause: unknown): DevAgentError => {
  const code = (cause as { readonly code?: unknown } | undefined)?.code
  const known = typeof code === "string" && Object.hasOwn(codes, code) ? codes[code]! : "bind_failed"
  return new DevAgentError({
    code: known,
    message: `The embedded Agent cannot listen (${known}). Choose another port or socket path, or none for a free port.`
  })
}

const unavailable = {
  code: "bind_failed",
  message: "The embedded Agent needs a runtime that can listen, such as Node, Bun or Deno."
} as const

const mebibyte = 1024 * 1024

const collect = (request: Http.IncomingMessage, limit: number): Promise<Uint8Array | "too_large" | undefined> =>
  new Promise((resolve) => {
    let parts: Array<Buffer> = []
    let size = 0
    request.on("data", (part: Buffer) => {
      size += part.length
      if (size < limit) {
        parts.push(part)
        return
      }
      // The rest is read and discarded, up to a limit, so that the client sees the answer instead of a reset.
      parts = []
      if (size > limit * 4) {
        request.destroy()
      }
    })
    request.on("end", () => resolve(size < limit ? Buffer.concat(parts) : "too_large"))
    request.on("error", () => resolve(undefined))
    request.on("close", () => resolve(undefined))
  })

const lowerCased = (request: Http.IncomingMessage): { readonly [name: string]: string } =>
  Object.fromEntries(
    Object.entries(request.headersDistinct).map(([name, values]) => [name, (values ?? []).join(", ")])
  )

const write = (response: Http.ServerResponse, answer: AgentEndpoints.Answer): void => {
  if (answer.status === 0) {
    response.destroy()
    return
  }
  const body = Buffer.from(answer.body)
  response.writeHead(answer.status, { ...answer.headers, "content-length": String(body.byteLength) })
  response.end(body)
}

const serve = async (
  receiver: Receiver,
  request: Http.IncomingMessage,
  response: Http.ServerResponse
): Promise<void> => {
  const url = request.url ?? "/"
  const collected = await collect(request, receiver.limit(url))
  if (collected === undefined) {
    return
  }
  const answer = await receiver.receive({
    method: request.method ?? "GET",
    url,
    headers: lowerCased(request),
    bytes: collected === "too_large" ? undefined : collected
  })
  const wait = LongestWait.bounded(receiver.latencyMillis())
  if (wait > 0) {
    setTimeout(() => write(response, answer), wait).unref()
  } else {
    write(response, answer)
  }
}

const listen = (server: Http.Server, options: Options): Effect.Effect<Http.Server, DevAgentError> =>
  Effect.callback<Http.Server, DevAgentError>((resume) => {
    const onError = (cause: unknown): void => resume(Effect.fail(failed(cause)))
    server.once("error", onError)
    const onListening = (): void => {
      server.off("error", onError)
      server.on("error", () => {})
      resume(Effect.succeed(server))
    }
    try {
      if (options.socketPath === undefined) {
        server.listen({ host: "127.0.0.1", port: options.port ?? 0 }, onListening)
      } else {
        server.listen({ path: options.socketPath }, onListening)
      }
    } catch (cause) {
      onError(cause)
    }
  })

const close = (server: Http.Server): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    server.close(() => resume(Effect.void))
    server.closeAllConnections()
  })

const portOf = (server: Http.Server): number => {
  const address = server.address()
  return address === null || typeof address === "string" ? 0 : address.port
}

/**
 * Starts an Agent that stops, open connections included, when the scope closes.
 *
 * The rate-limited samplers follow Effect's clock; latency is real time.
 */
export const make: (options?: Options) => Effect.Effect<DevAgent, DevAgentError, Scope.Scope> = Effect.fnUntraced(
  function*(options: Options = {}) {
    const clock = yield* Clock.Clock
    // Not imported, so that a bundle loads in a runtime that has no such module.
    const http: typeof Http | undefined = globalThis.process?.getBuiltinModule?.("node:http")
    if (http?.createServer === undefined) return yield* new DevAgentError(unavailable)
    // When the program stands still, so does its Agent. After that no connection may count as idle, because the program's
    // next request may already be on it.
    const server = http.createServer({ keepAliveTimeout: 0 })
    const receiver = AgentReceiver.make({
      configuration: options,
      requestBounds: {
        maxCount: options.maxRequests ?? 1000,
        maxBytes: options.maxRequestsBytes ?? 64 * mebibyte
      },
      eventBounds: {
        maxCount: options.maxEvents ?? 10_000,
        maxBytes: options.maxEventsBytes ?? 64 * mebibyte
      },
      nowMillis: () => clock.currentTimeMillisUnsafe(),
      listening: () => ({ port: portOf(server), socketPath: options.socketPath ?? "" })
    })
    server.on("request", (request: Http.IncomingMessage, response: Http.ServerResponse) => {
      serve(receiver, request, response).catch(() => response.destroy())
    })
    yield* Effect.acquireRelease(listen(server, options), close)
    const port = portOf(server)
    return {
      url: options.socketPath === undefined ? `http://127.0.0.1:${port}` : `unix://${options.socketPath}`,
      port,
      requests: receiver.requests,
      traces: receiver.traces,
      events: receiver.events,
      spans: receiver.spans,
      onEvents: receiver.onEvents,
      sampledOut: receiver.sampledOut,
      counts: receiver.counts,
      clear: receiver.clear,
      configure: receiver.configure
    }
  }
)
