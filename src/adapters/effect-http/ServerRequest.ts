/**
 * The request that a fiber of an Effect HTTP server handles.
 */
import type { ContextReader } from "../../ports/ContextReader.ts"

/** The members of the request that are used. `source` is the platform's: Node's request, or a web `Request`. */
export interface ServerRequest {
  readonly method: string
  readonly url: string
  readonly headers: { readonly [name: string]: string | undefined }
  readonly source: unknown
}

// The key under which the server keeps the request. Reading by key avoids an import of the HTTP modules.
const key = "effect/http/HttpServerRequest"

/** The request of the HTTP server that a context belongs to, if it belongs to one. */
export const serverRequest = (reader: ContextReader): ServerRequest | undefined =>
  reader.context.mapUnsafe.get(key) as ServerRequest | undefined
