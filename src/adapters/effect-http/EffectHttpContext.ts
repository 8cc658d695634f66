/**
 * The ambient context of an Effect HTTP server, without any middleware.
 *
 * **Details**
 *
 * The server puts the request into the context of the fiber that handles it, and every forked fiber inherits it. So the
 * request is known in the handler, after awaits, in forked fibers and in streams, and two requests never mix. The
 * headers of a request are parsed once.
 */
import * as HeaderLookup from "../../domain/propagation/HeaderLookup.ts"
import * as IncomingRequests from "../../engine/context/IncomingRequests.ts"
import type { ContextReader } from "../../ports/ContextReader.ts"
import type { IncomingRequest, RequestSource } from "../../ports/IncomingRequest.ts"
import { serverRequest } from "./ServerRequest.ts"

/** Finds the request that a fiber of the server handles. */
export const source = (): RequestSource => {
  const known = new WeakMap<object, IncomingRequest>()
  return {
    find: (reader: ContextReader) => {
      const request = serverRequest(reader)
      if (request === undefined) return undefined
      const { headers } = request
      let incoming = known.get(headers)
      if (incoming === undefined) {
        incoming = IncomingRequests.make({
          method: request.method,
          url: request.url,
          headers: HeaderLookup.fromRecord(headers)
        })
        known.set(headers, incoming)
      }
      return incoming
    }
  }
}
