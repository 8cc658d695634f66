/**
 * The port to the network: one request, one outcome.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { AgentUrl } from "../domain/delivery/AgentUrl.ts"

/**
 * The target of a request: a host, or a unix socket.
 *
 * @category models
 * @since 0.1.0
 */
export interface Target {
  readonly protocol: "http" | "https"
  readonly host: string
  readonly port: number
  readonly socketPath?: string | undefined
  /** The prefix of every path, without a trailing slash. */
  readonly basePath: string
}

/**
 * The target of a URL.
 *
 * @category constructors
 * @since 0.2.0
 */
export const targetOf = (url: AgentUrl): Target =>
  url._tag === "unix"
    ? { protocol: "http", host: "localhost", port: 80, socketPath: url.socketPath, basePath: "" }
    : { protocol: url._tag, host: url.host, port: url.port, basePath: url.basePath }

/**
 * The most bytes that are read of an answer's body if a request names no other bound: 64 KiB.
 *
 * @category constants
 * @since 0.2.0
 */
export const defaultMaxBodyBytes = 64 * 1024

/**
 * A request. `body` is sent as it is.
 *
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
  /** The most bytes that are read of the answer's body. Default: 64 KiB. */
  readonly maxBodyBytes?: number | undefined
}

/**
 * Whether a target is this machine.
 *
 * @category guards
 * @since 0.2.0
 */
export const isLoopback = ({ host, socketPath }: Target): boolean =>
  socketPath !== undefined || host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host)

/**
 * Whether a request would send a key unencrypted to another machine. A transport refuses it.
 *
 * @category guards
 * @since 0.2.0
 */
export const exposesKey = ({ headers, target }: Request): boolean =>
  target.protocol === "http" && headers["dd-api-key"] !== undefined && !isLoopback(target)

/**
 * The outcome of a request. `bytesWritten` distinguishes a definite failure (the other side cannot have read the
 * request) from an ambiguous one. `reason` is a short code such as `ECONNREFUSED`, never content. `body` is cut at the
 * `maxBodyBytes` of the request.
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
 * The transport that a layer uses instead of its own, if the context in which it is built has one.
 *
 * @category services
 * @since 0.1.0
 */
export class Transport extends Context.Service<Transport, TransportService>()("effect-llmobs/Transport") {}
