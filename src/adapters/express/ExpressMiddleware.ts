/**
 * Express: a middleware that keeps each request.
 */
import type { IncomingMessage, ServerResponse } from "node:http"
import type { SessionFrom } from "../../domain/propagation/RequestSession.ts"
import * as IncomingRequests from "../../engine/context/IncomingRequests.ts"
import type { RequestStore } from "../../ports/IncomingRequest.ts"

/** What is needed of a request of Express. `body` is there when a parser has run. */
export interface ExpressRequest extends IncomingMessage {
  readonly originalUrl?: string
  readonly body?: unknown
}

/**
 * Lets the handlers that come after it run inside the request. It may stand before or after the body's parser: the body
 * is looked at when a span starts.
 */
export const make =
  (store: RequestStore, from: SessionFrom | undefined) =>
  (request: ExpressRequest, response: ServerResponse, next: () => void): void => {
    const incoming = IncomingRequests.make({
      method: request.method ?? "GET",
      url: request.originalUrl ?? request.url ?? "/",
      headers: IncomingRequests.nodeHeaders(request.headers),
      sessionFrom: from,
      body: IncomingRequests.parsed(() => request.body)
    })
    store.bind(incoming, request)
    store.bind(incoming, response)
    store.run(incoming, next)
  }
