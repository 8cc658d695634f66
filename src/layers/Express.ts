/**
 * Express: Effects that handlers run belong to the request.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as RequestStorage from "../adapters/async-context/RequestStorage.ts"
import type { ExpressRequest } from "../adapters/express/ExpressMiddleware.ts"
import * as ExpressMiddleware from "../adapters/express/ExpressMiddleware.ts"
import type { SessionFrom } from "../domain/propagation/RequestSession.ts"

export type {
  /**
   * The part of a request that is read.
   *
   * @category models
   * @since 0.2.0
   */
  ExpressRequest
}

/**
 * A middleware for `app.use`, before the routes. Every Effect that later handlers run takes its trace, session, user
 * and experiment from the request.
 *
 * **Details**
 *
 * `sessionFrom` names a query parameter and a field of the body that hold the session. The body is read after Express's
 * parser; the middleware may come before or after the parser.
 *
 * @category combinators
 * @since 0.1.0
 */
export const middleware = (
  options?: { readonly sessionFrom?: SessionFrom | undefined }
): ReturnType<typeof ExpressMiddleware.make> => ExpressMiddleware.make(RequestStorage.store, options?.sessionFrom)

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
