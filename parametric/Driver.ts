/**
 * A small driver of the protocol: an embedded Agent, the server with an environment of its own, and commands over HTTP.
 */
import { assert } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import * as DevAgent from "../src/adapters/devagent/DevAgent.ts"
import type { DecodedSpan } from "../src/adapters/devagent/TracePayload.ts"
import * as Sdk from "./Sdk.ts"
import * as Server from "./Server.ts"

export interface Answer {
  readonly status: number
  readonly body: any
}

export type Headers = ReadonlyArray<readonly [name: string, value: string]>

/** Sends one request. The body is JSON, or a text that is sent as it is; `GET` requests can have one too. */
export const send = (port: number, method: string, path: string, body: unknown = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const text = typeof body === "string" ? body : JSON.stringify(body)
    const request = Http.request(
      {
        host: "127.0.0.1",
        port,
        method,
        path,
        agent: false,
        headers: { "content-type": "application/json", "content-length": Buffer.byteLength(text) }
      },
      (response) => {
        const parts: Array<Buffer> = []
        response.on("data", (part: Buffer) => parts.push(part))
        response.on("end", () => {
          const answer = Buffer.concat(parts).toString()
          resolve({ status: response.statusCode ?? 0, body: answer === "" ? undefined : JSON.parse(answer) })
        })
      }
    )
    request.on("error", reject)
    request.end(text)
  })

export interface Driver {
  readonly agent: DevAgent.DevAgent
  /** Any request. */
  readonly send: (method: string, path: string, body?: unknown) => Effect.Effect<Answer>
  /** A command that must succeed. */
  readonly command: (path: string, body?: unknown) => Effect.Effect<any>
  readonly query: (path: string, body?: unknown) => Effect.Effect<any>
  readonly start: (name: string, options?: { readonly [key: string]: unknown }) => Effect.Effect<string>
  readonly inject: (spanId: string) => Effect.Effect<ReadonlyMap<string, string>>
  /** Continues headers with a span, and gives the headers of a call from it. */
  readonly pass: (headers: Headers) => Effect.Effect<ReadonlyMap<string, string>>
  /** Everything that was finished is at the Agent afterwards. */
  readonly spans: Effect.Effect<ReadonlyArray<DecodedSpan>>
}

const make = (agent: DevAgent.DevAgent, port: number): Driver => {
  const request = (method: string, path: string, body?: unknown) => Effect.promise(() => send(port, method, path, body))
  const succeed = (method: string) => (path: string, body?: unknown) =>
    Effect.map(request(method, path, body), (answer) => {
      assert.strictEqual(answer.status, 200, `${path}: ${JSON.stringify(answer.body)}`)
      return answer.body
    })
  const command = succeed("POST")
  const start: Driver["start"] = (name, options = {}) =>
    Effect.map(command("/trace/span/start", { name, span_tags: [], ...options }), ({ span_id }) => {
      assert.match(span_id, /^[1-9]\d*$/)
      return span_id
    })
  const inject: Driver["inject"] = (spanId) =>
    Effect.map(command("/trace/span/inject_headers", { span_id: spanId }), ({ http_headers }) => new Map(http_headers))
  return {
    agent,
    send: request,
    command,
    query: succeed("GET"),
    start,
    inject,
    pass: (headers) =>
      Effect.gen(function*() {
        const { span_id: parent } = yield* command("/trace/span/extract_headers", { http_headers: headers })
        const span = yield* start("hop", { parent_id: parent })
        const sent = yield* inject(span)
        yield* command("/trace/span/finish", { span_id: span })
        return sent
      }),
    spans: Effect.map(command("/trace/span/flush"), () => agent.traces().flat())
  }
}

/** Runs a server with this environment, and an Agent of its own, around a program that drives it. */
export const drive = <A, E>(
  env: { readonly [name: string]: string },
  use: (driver: Driver) => Effect.Effect<A, E, Scope.Scope>
) =>
  Effect.scoped(Effect.gen(function*() {
    const agent = yield* DevAgent.make()
    const sdk = Sdk.make()
    const provider = ConfigProvider.fromEnv({
      env: { DD_TRACE_AGENT_URL: agent.url, DD_SERVICE: "test-service", ...env }
    })
    return yield* Effect.gen(function*() {
      const { port } = yield* Server.make({ port: 0, problems: sdk.problems })
      return yield* use(make(agent, port))
    }).pipe(Effect.provide(sdk.layer), Effect.provideService(ConfigProvider.ConfigProvider, provider))
  }))
