/**
 * The port to the network: one request, one outcome.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"

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
}

/**
 * What became of a request. `bytesWritten` tells a definite failure (the other side cannot have read the request) from an
 * ambiguous one. `reason` is a short code such as `ECONNREFUSED`, never content. `body` is cut at 64 KiB.
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
 * @category services
 * @since 0.1.0
 */
export class Transport extends Context.Service<Transport, {
  readonly send: (request: Request) => Effect.Effect<Outcome>
}>()("effect-llmobs/ports/Transport") {}
