/**
 * The transport over `node:http` and `node:https`, with connections kept alive and unix sockets.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import * as Https from "node:https"
import type { Outcome, Request, TransportService } from "../../ports/Transport.ts"

const maxBodyBytes = 64 * 1024

const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host)

/**
 * Makes a transport. Its connections are closed with the scope. `proxy` is the URL of an HTTP proxy, through which TLS
 * connections are tunnelled.
 *
 * **Details**
 *
 * A key travels only over TLS, or to this machine: a request with a `dd-api-key` header to another host over plain HTTP
 * is refused with the reason `INSECURE`.
 *
 * **Gotchas**
 *
 * `bytesWritten` is true as soon as the connection stood, since from then on the other side may have read something.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  options: {
    readonly proxy?: string | undefined
    /** Hosts that are reached without the proxy: names, and the domains they end with; `*` is every host. */
    readonly noProxy?: ReadonlyArray<string> | undefined
  } = {}
): Effect.Effect<TransportService, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.map(tunnel(options.proxy), (proxied) => ({
        http: new Http.Agent(pool),
        https: new Https.Agent(pool),
        proxied
      })),
      (agents) =>
        Effect.sync(() => {
          agents.http.destroy()
          agents.https.destroy()
          agents.proxied?.destroy()
        })
    ),
    (agents) => ({
      send: (request) =>
        Effect.callback<Outcome>((resume) => {
          const { target } = request
          const secure = target.protocol === "https"
          if (
            !secure && request.headers["dd-api-key"] !== undefined && target.socketPath === undefined &&
            !isLoopback(target.host)
          ) {
            return resume(Effect.succeed({ _tag: "Failure", bytesWritten: false, reason: "INSECURE" }))
          }
          let connected = false
          let done = false
          const settle = (outcome: Outcome) => {
            if (done) return
            done = true
            clearTimeout(timer)
            resume(Effect.succeed(outcome))
          }
          const fail = (reason: string) => settle({ _tag: "Failure", bytesWritten: connected, reason })
          const req = open(request, agentFor(agents, request, options.noProxy ?? []))
          if (typeof req === "string") {
            return resume(Effect.succeed({ _tag: "Failure", bytesWritten: false, reason: req }))
          }
          // While the event loop stood still nothing was sent or read: that is not the other side's time. Once as much is
          // given again as the timer is late, in which an answer that has long come is read.
          const due = performance.now() + request.timeoutMillis
          let timer = setTimeout(() => {
            timer = setTimeout(() => {
              fail("ETIMEDOUT")
              req.destroy()
            }, Math.max(1, Math.min(performance.now() - due, request.timeoutMillis)))
          }, request.timeoutMillis)
          req.on("socket", (socket) => {
            if (req.reusedSocket) connected = true
            else {socket.once(secure ? "secureConnect" : "connect", () => {
                connected = true
              })}
          })
          req.on("error", (error: NodeJS.ErrnoException) => fail(error.code ?? "UNKNOWN"))
          req.on("response", (response) => read(response, settle, fail))
          req.end(request.body)
          return Effect.sync(() => {
            done = true
            clearTimeout(timer)
            req.destroy()
          })
        })
    })
  )

const pool = { keepAlive: true, maxSockets: 16, scheduling: "lifo" } as const

interface Agents {
  readonly http: Http.Agent
  readonly https: Https.Agent
  readonly proxied: Https.Agent | undefined
}

const agentFor = (agents: Agents, { target }: Request, noProxy: ReadonlyArray<string>): Http.Agent =>
  target.protocol === "http"
    ? agents.http
    : agents.proxied === undefined || isLoopback(target.host) || noProxy.some((host) => covers(host, target.host))
    ? agents.https
    : agents.proxied

const covers = (pattern: string, host: string): boolean => {
  const domain = pattern.replace(/^\*?\./, "").toLowerCase()
  return pattern === "*" || (domain !== "" && (host === domain || host.endsWith(`.${domain}`)))
}

// The tunnel through a proxy is loaded only for those who have one.
const tunnel = (proxy: string | undefined): Effect.Effect<Https.Agent | undefined> =>
  proxy === undefined ? Effect.succeed(undefined) : Effect.map(
    Effect.promise(() => import("https-proxy-agent")),
    ({ HttpsProxyAgent }) => new HttpsProxyAgent(proxy, pool) as unknown as Https.Agent
  )

const open = (request: Request, agent: Http.Agent | Https.Agent): Http.ClientRequest | string => {
  const { target } = request
  const options: Https.RequestOptions = {
    agent,
    method: request.method,
    path: target.basePath + request.path,
    headers: request.body === undefined
      ? request.headers
      : { ...request.headers, "content-length": request.body.byteLength },
    ...(target.socketPath === undefined
      ? { host: target.host, port: target.port }
      : { socketPath: target.socketPath })
  }
  try {
    return target.protocol === "https" ? Https.request(options) : Http.request(options)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "UNKNOWN"
  }
}

const read = (response: Http.IncomingMessage, settle: (outcome: Outcome) => void, fail: (reason: string) => void) => {
  const parts: Array<Buffer> = []
  let size = 0
  response.on("data", (part: Buffer) => {
    // What is beyond the bound is read and thrown away, so that the connection stays usable.
    if (size < maxBodyBytes) parts.push(part)
    size += part.byteLength
  })
  response.on("end", () => {
    const headers: { [name: string]: string } = {}
    for (const name of Object.keys(response.headers)) {
      const value = response.headers[name]
      headers[name] = Array.isArray(value) ? value.join(", ") : value ?? ""
    }
    settle({
      _tag: "Answer",
      status: response.statusCode ?? 0,
      headers,
      body: Buffer.concat(parts).subarray(0, maxBodyBytes).toString("utf8")
    })
  })
  response.on("aborted", () => fail("ECONNRESET"))
  response.on("error", (error: NodeJS.ErrnoException) => fail(error.code ?? "UNKNOWN"))
}
