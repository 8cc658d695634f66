/**
 * Plain `node:http` servers: Effects that a handler runs belong to the request.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as RequestStorage from "../adapters/async-context/RequestStorage.ts"
import type { NodeRequest, NodeResponse } from "../adapters/node-http/NodeHttpHandler.ts"
import * as NodeHttpHandler from "../adapters/node-http/NodeHttpHandler.ts"
import type { SessionFrom } from "../domain/propagation/RequestSession.ts"

export type {
  /**
   * The part of a request that is read.
   *
   * @category models
   * @since 0.2.0
   */
  NodeRequest,
  /**
   * The part of a response that is observed.
   *
   * @category models
   * @since 0.2.0
   */
  NodeResponse
}

/**
 * Wraps a handler. Every Effect that it runs, at once or later, by `Effect.runPromise` or a `ManagedRuntime`, takes its
 * trace, session, user and experiment from the request.
 *
 * **Details**
 *
 * `sessionFrom` names a query parameter and a field of a JSON body that hold the session. With a field of the body, the
 * handler starts when the body (at most 64 KiB of it) has arrived, or after a second. The handler reads the unread body
 * itself. Compressed bodies are ignored, and so are HTTP/2 bodies without a length.
 *
 * @category combinators
 * @since 0.1.0
 */
export const wrap = <Req extends NodeRequest, Res extends NodeResponse>(
  handler: (request: Req, response: Res) => unknown,
  options?: { readonly sessionFrom?: SessionFrom | undefined }
): (request: Req, response: Res) => void => NodeHttpHandler.wrap(RequestStorage.store, options?.sessionFrom)(handler)

/**
 * Keeps the current request around an effect, in the context of its fiber, when the effect starts.
 *
 * **When to use**
 *
 * Use it if parts of the effect run on behalf of this request but in the context of another, such as batched requests:
 * with the `context` of their entry they find this request.
 *
 * @category combinators
 * @since 0.1.0
 */
export const capture: <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> = RequestStorage.capture
