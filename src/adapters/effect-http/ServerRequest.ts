/**
 * The request that a fiber of an Effect HTTP server handles.
 */
import * as Context from "effect/Context"
import type { ContextReader } from "../../ports/ContextReader.ts"

/** The members of the request that are used. `source` is the platform's: Node's request, or a web `Request`. */
export interface ServerRequest {
  readonly method: string
  readonly url: string
  readonly headers: { readonly [name: string]: string | undefined }
  readonly source: unknown
}

// The server's own tag for the request, by its key: an import would load the HTTP modules.
const tag = Context.Service<ServerRequest>("effect/http/HttpServerRequest")

/** The request of the HTTP server that a context belongs to, if it belongs to one. */
export const serverRequest = (reader: ContextReader): ServerRequest | undefined =>
  Context.getOrUndefined(reader.context, tag)
