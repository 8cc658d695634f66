/** Plain HTTP requests to an embedded Agent. */
import * as Effect from "effect/Effect"
import * as Http from "node:http"

export interface Reply {
  readonly status: number
  readonly headers: Http.IncomingHttpHeaders
  readonly body: string
}

export interface Sent {
  readonly method?: string
  readonly headers?: Http.OutgoingHttpHeaders
  readonly body?: Uint8Array | string
  readonly agent?: Http.Agent
}

const socketPrefix = "unix://"

export const send = (url: string, path: string, sent: Sent = {}): Effect.Effect<Reply, NodeJS.ErrnoException> =>
  Effect.callback((resume) => {
    const base = url.startsWith(socketPrefix)
      ? { socketPath: url.slice(socketPrefix.length) }
      : { host: new URL(url).hostname, port: new URL(url).port }
    const request = Http.request(
      {
        ...base,
        path,
        method: sent.method ?? (sent.body === undefined ? "GET" : "POST"),
        headers: { ...sent.headers },
        agent: sent.agent ?? false
      },
      (response) => {
        const parts: Array<Buffer> = []
        response.on("data", (part: Buffer) => parts.push(part))
        response.on("end", () =>
          resume(Effect.succeed({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(parts).toString("utf8")
          })))
        response.on("error", (cause) => resume(Effect.fail(cause)))
      }
    )
    request.on("error", (cause) => resume(Effect.fail(cause)))
    request.end(sent.body)
  })

export const sendTraces = (
  url: string,
  body: Uint8Array,
  headers: Http.OutgoingHttpHeaders = {},
  path = "/v0.4/traces"
): Effect.Effect<Reply, NodeJS.ErrnoException> =>
  send(url, path, { body, headers: { "content-type": "application/msgpack", ...headers } })

export const sendEvp = (
  url: string,
  body: Uint8Array | string,
  headers: Http.OutgoingHttpHeaders = {},
  path = "/evp_proxy/v2/api/v2/llmobs"
): Effect.Effect<Reply, NodeJS.ErrnoException> =>
  send(url, path, {
    body,
    headers: { "content-type": "application/json", "x-datadog-evp-subdomain": "llmobs-intake", ...headers }
  })
