/**
 * The transport over `node:http` and `node:https`, with connections kept alive and unix sockets.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Http from "node:http"
import type * as Https from "node:https"
import * as LongestWait from "../../domain/delivery/LongestWait.ts"
import type { Outcome, Request, TransportService } from "../../ports/Transport.ts"
import { defaultMaxBodyBytes, exposesKey, isLoopback } from "../../ports/Transport.ts"

// Loaded when they are needed, because they cost more than the rest of a layer; and not imported, so that a bundle loads
// in a runtime that has no such module.
const node = {
  http: () => process.getBuiltinModule("node:http"),
  https: () => process.getBuiltinModule("node:https")
}

/**
 * Makes a transport. Its connections are closed with the scope. `proxy` is the URL of an HTTP proxy, which tunnels TLS
 * connections.
 *
 * **Details**
 *
 * A key is sent only over TLS, or to this machine: a request with a `dd-api-key` header to a remote host over plain
 * HTTP is refused with the reason `INSECURE`. A proxy that refuses a tunnel is a failure with the reason `PROXY_407`,
 * or whatever its status is.
 *
 * **Gotchas**
 *
 * `bytesWritten` is true once the connection is open, because the other side may have read part of the request.
 */
export const make = (
  options: {
    readonly proxy?: string | undefined
    /** Hosts that are reached without the proxy: names, or the domains that they end with; `*` is every host. */
    readonly noProxy?: ReadonlyArray<string> | undefined
    /** Called with the status of each answer that refuses a tunnel. */
    readonly onProxyRefusal?: ((status: number) => void) | undefined
    /** The time in milliseconds after which an idle connection is closed. Default: 4,000, less than the Agent's. */
    readonly idleMillis?: number | undefined
  } = {}
): Effect.Effect<TransportService, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() =>
        makeAgents(options.proxy, options.idleMillis ?? longestIdleMillis, options.onProxyRefusal ?? (() => {}))
      ),
      (agents) => Effect.sync(agents.destroy)
    ),
    (agents) => ({
      send: (request) => {
        const { target } = request
        if (exposesKey(request)) return Effect.succeed(unsent("INSECURE"))
        if (target.protocol === "http") return exchange(request, agents.http())
        if (agents.tunnel === undefined || isLoopback(target) || isExcepted(target.host, options.noProxy)) {
          return exchange(request, agents.https())
        }
        return Effect.matchEffect(Effect.tryPromise({ try: agents.tunnel, catch: codeOf }), {
          onFailure: (code) => Effect.succeed(unsent(code)),
          onSuccess: (tunnel) => exchange(request, tunnel)
        })
      }
    })
  )

const exchange = (request: Request, agent: Http.Agent): Effect.Effect<Outcome> =>
  Effect.callback<Outcome>((resume) => {
    let connected = false
    let done = false
    const settle = (outcome: Outcome) => {
      if (done) return
      done = true
      clearTimeout(timer)
      resume(Effect.succeed(outcome))
    }
    const fail = (reason: string) => settle({ _tag: "Failure", bytesWritten: connected, reason })
    const req = open(request, agent)
    if (typeof req === "string") return resume(Effect.succeed(unsent(req)))
    // While the event loop is blocked nothing is sent or read, and the other side is not at fault. If the timer fires
    // late, extend the deadline once by that delay so a pending answer can be read.
    const patience = LongestWait.bounded(request.timeoutMillis)
    const due = performance.now() + patience
    let timer = setTimeout(() => {
      timer = setTimeout(() => {
        fail("ETIMEDOUT")
        req.destroy()
      }, Math.max(1, Math.min(performance.now() - due, patience)))
    }, patience)
    req.on("socket", (socket) => {
      if (req.reusedSocket) connected = true
      else {
        socket.once(request.target.protocol === "https" ? "secureConnect" : "connect", () => {
          connected = true
        })
      }
    })
    req.on("error", (error) => fail(codeOf(error)))
    req.on("response", (response) => read(response, request.maxBodyBytes ?? defaultMaxBodyBytes, settle, fail))
    req.end(request.body)
    return Effect.sync(() => {
      done = true
      clearTimeout(timer)
      req.destroy()
    })
  })

const unsent = (reason: string): Outcome => ({ _tag: "Failure", bytesWritten: false, reason })

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException | undefined)?.code ?? "UNKNOWN"

// The Agent closes a connection after five idle seconds. If a request leaves on it just then, its outcome is ambiguous. So
// ours is closed before; the time-out has no effect on a connection in use.
const longestIdleMillis = 4_000

const makeAgents = (proxy: string | undefined, idleMillis: number, onRefusal: (status: number) => void) => {
  const pool = { keepAlive: true, maxSockets: 16, scheduling: "lifo", timeout: idleMillis } as const
  const closing = { ...pool, keepAlive: false }
  let http: Http.Agent | undefined
  let https: Https.Agent | undefined
  let tunnel: Promise<Https.Agent> | undefined
  let destroyed = false
  return {
    // Made by the first request, because TLS loads three times as much as plain HTTP, and a layer may need neither for
    // long. A request that is made after the end would leave its connection open.
    http: () => http ??= new (node.http().Agent)(destroyed ? closing : pool),
    https: () => https ??= new (node.https().Agent)(destroyed ? closing : pool),
    // Imported by the first request through the proxy.
    tunnel: proxy === undefined ? undefined : () =>
      tunnel ??= import("./ProxyTunnel.ts").then(({ make }) => {
        const agent = make(proxy, pool, onRefusal)
        if (destroyed) agent.destroy()
        return agent
      }),
    destroy: () => {
      destroyed = true
      http?.destroy()
      https?.destroy()
      tunnel?.then((agent) => agent.destroy(), () => {})
    }
  }
}

const isExcepted = (host: string, patterns: ReadonlyArray<string> = []): boolean =>
  patterns.some((pattern) => {
    const domain = pattern.replace(/^\*?\./, "").toLowerCase()
    return pattern === "*" || (domain !== "" && (host === domain || host.endsWith(`.${domain}`)))
  })

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
    return target.protocol === "https" ? node.https().request(options) : node.http().request(options)
  } catch (error) {
    return codeOf(error)
  }
}

const read = (
  response: Http.IncomingMessage,
  maxBodyBytes: number,
  settle: (outcome: Outcome) => void,
  fail: (reason: string) => void
) => {
  const parts: Array<Buffer> = []
  let size = 0
  response.on("data", (part: Buffer) => {
    // The part beyond the limit is read and discarded, so that the connection stays usable.
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
  response.on("error", (error) => fail(codeOf(error)))
}
