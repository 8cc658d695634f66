/**
 * The port to the network: one request, one outcome.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { AgentUrl } from "../domain/delivery/AgentUrl.ts"

/**
 * Where a request goes: a host, or a unix socket.
 *
 * @category models
 * @since 0.1.0
 */
export interface Target {
  readonly protocol: "http" | "https"
  readonly host: string
  readonly port: number
  readonly socketPath?: string | undefined
  /** Prefixed to every path; without a slash at its end. */
  readonly basePath: string
}

/**
 * The target behind a URL.
 *
 * @category constructors
 * @since 0.2.0
 */
export const targetOf = (url: AgentUrl): Target =>
  url._tag === "unix"
    ? { protocol: "http", host: "localhost", port: 80, socketPath: url.socketPath, basePath: "" }
    : { protocol: url._tag, host: url.host, port: url.port, basePath: url.basePath }

/**
 * @category models
 * @since 0.1.0
 */
export interface Request {
  readonly target: Target
  readonly method: "GET" | "POST"
  readonly path: string
  readonly headers: { readonly [name: string]: string }
  readonly body: Uint8Array | undefined
  readonly timeoutMillis: number
  /** How much of the answer's body is read, in bytes. Default: 64 KiB. */
  readonly maxBodyBytes?: number | undefined
}

/**
 * What became of a request. `bytesWritten` tells a definite failure (the other side cannot have read the request) from an
 * ambiguous one. `reason` is a short code such as `ECONNREFUSED`, never content. `body` is cut at
 * the `maxBodyBytes` of the request.
 *
 * @category models
 * @since 0.1.0
 */
export type Outcome =
  | {
    readonly _tag: "Answer"
    readonly status: number
    readonly headers: { readonly [name: string]: string }
    readonly body: string
  }
  | { readonly _tag: "Failure"; readonly bytesWritten: boolean; readonly reason: string }

/**
 * Sends requests. It never fails and is interruptible: an interrupted request is aborted.
 *
 * @category models
 * @since 0.2.0
 */
export interface TransportService {
  readonly send: (request: Request) => Effect.Effect<Outcome>
}

/**
 * The transport that a layer uses instead of its own, where the context that it is built in has one.
 *
 * @category services
 * @since 0.1.0
 */
export class Transport extends Context.Service<Transport, TransportService>()("effect-llmobs/Transport") {}
