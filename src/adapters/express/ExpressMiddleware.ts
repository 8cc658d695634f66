/**
 * Express: a middleware that keeps each request.
 */
import type { IncomingMessage, ServerResponse } from "node:http"
import type { SessionFrom } from "../../domain/propagation/RequestSession.ts"
import * as IncomingRequests from "../../engine/context/IncomingRequests.ts"
import type { RequestStore } from "../../ports/IncomingRequest.ts"

/** The members of an Express request that are used. `body` is present after a parser has run. */
export interface ExpressRequest extends IncomingMessage {
  readonly originalUrl?: string
  readonly body?: unknown
}

/**
 * Runs the handlers after it inside the request. It may come before or after the body's parser, because the body is
 * read when a span starts.
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
