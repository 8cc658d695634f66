/**
 * The request that a fiber of an Effect HTTP server handles.
 *
 * @since 0.1.0
 */
import type { ContextReader } from "../../ports/ContextReader.ts"

/**
 * What is needed of the request. `source` is the platform's: Node's request, or a web `Request`.
 *
 * @category models
 * @since 0.1.0
 */
export interface ServerRequest {
  readonly method: string
  readonly url: string
  readonly headers: { readonly [name: string]: string | undefined }
  readonly source: unknown
}

// The key under which the server keeps the request; reading it by its key loads nothing of the HTTP modules.
const key = "effect/http/HttpServerRequest"

/**
 * @category accessors
 * @since 0.1.0
 */
export const serverRequest = (reader: ContextReader): ServerRequest | undefined =>
  reader.context.mapUnsafe.get(key) as ServerRequest | undefined
