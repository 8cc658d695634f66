/**
 * The transport over `fetch`, for runtimes without sockets, such as Cloudflare Workers.
 *
 * **Gotchas**
 *
 * `fetch` reports a request that nobody read and one that was cut off as the same failure. Only a few codes tell that no
 * connection was made; with any other failure the other side may have read the request. There are no unix sockets, and a
 * proxy is a matter of the runtime.
 */
import * as Effect from "effect/Effect"
import * as LongestWait from "../../domain/delivery/LongestWait.ts"
import type { Outcome, Request, Target, TransportService } from "../../ports/Transport.ts"
import { defaultMaxBodyBytes, exposesKey } from "../../ports/Transport.ts"

/** The `fetch` of a runtime. */
export type Fetch = typeof globalThis.fetch

/**
 * Makes a transport. Without a `fetch` of the program's own it calls the global one, looked up for each request. A key is
 * sent only over TLS, or to this machine.
 */
export const make = (fetch?: Fetch): TransportService => ({
  send: (request) => {
    if (request.target.socketPath !== undefined) return Effect.succeed(unsent("UNIX_SOCKET"))
    if (exposesKey(request)) return Effect.succeed(unsent("INSECURE"))
    return exchange(request, fetch ?? globalThis.fetch)
  }
})

const exchange = (request: Request, fetch: Fetch): Effect.Effect<Outcome> =>
  Effect.callback<Outcome>((resume) => {
    const controller = new AbortController()
    let done = false
    const settle = (outcome: Outcome) => {
      if (done) return
      done = true
      clearTimeout(timer)
      resume(Effect.succeed(outcome))
    }
    const timer = setTimeout(() => {
      settle({ _tag: "Failure", bytesWritten: true, reason: "ETIMEDOUT" })
      controller.abort()
    }, LongestWait.bounded(request.timeoutMillis))
    answer(request, fetch, controller.signal).then(settle, (error: unknown) => settle(failure(error)))
    return Effect.sync(() => {
      done = true
      clearTimeout(timer)
      controller.abort()
    })
  })

const answer = async (request: Request, fetch: Fetch, signal: AbortSignal): Promise<Outcome> => {
  const made = open(request, signal)
  if (made === undefined) return unsent("INVALID_REQUEST")
  const response = await fetch(made)
  const body = await read(response.body, request.maxBodyBytes ?? defaultMaxBodyBytes)
  return { _tag: "Answer", status: response.status, headers: Object.fromEntries(response.headers), body }
}

const open = (request: Request, signal: AbortSignal): globalThis.Request | undefined => {
  try {
    return new Request(urlOf(request.target, request.path), {
      method: request.method,
      headers: request.headers,
      body: request.body as Uint8Array<ArrayBuffer> | undefined ?? null,
      redirect: "manual",
      signal
    })
  } catch {
    return undefined
  }
}

const urlOf = ({ basePath, host, port, protocol }: Target, path: string): string =>
  `${protocol}://${host.includes(":") ? `[${host}]` : host}:${port}${basePath}${path}`

const read = async (stream: ReadableStream<Uint8Array> | null, maxBytes: number): Promise<string> => {
  if (stream === null) return ""
  const decoder = new TextDecoder()
  const reader = stream.getReader()
  let text = ""
  let left = maxBytes
  while (left > 0) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    text += decoder.decode(value.subarray(0, left), { stream: true })
    left -= value.byteLength
  }
  // The rest is not wanted. The connection ends with it.
  reader.cancel().catch(() => {})
  return text + decoder.decode()
}

const unsent = (reason: string): Outcome => ({ _tag: "Failure", bytesWritten: false, reason })

// The failures of Node, Deno and Bun that come before a connection.
const definite: ReadonlySet<string> = new Set([
  "ConnectionRefused",
  "EAI_AGAIN",
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "FailedToOpenSocket",
  "UND_ERR_CONNECT_TIMEOUT"
])

const failure = (error: unknown): Outcome => {
  const reason = codeOf(error, 3)
  return { _tag: "Failure", bytesWritten: !definite.has(reason), reason }
}

// The code is on the error, on its cause, or, where several addresses were tried, on the cause's errors.
const codeOf = (error: unknown, depth: number): string => {
  if (typeof error !== "object" || error === null) return "UNKNOWN"
  const { cause, code } = error as { readonly cause?: unknown; readonly code?: unknown }
  if (typeof code === "string") return code
  return depth === 0 || cause === undefined ? "UNKNOWN" : codeOf(cause, depth - 1)
}
