/**
 * Express: Effects that handlers run know the request they belong to.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as ExpressMiddleware from "../adapters/express/ExpressMiddleware.ts"
import * as RequestStorage from "../adapters/request-storage/RequestStorage.ts"
import type { SessionFrom } from "../domain/propagation/RequestSession.ts"

/**
 * A middleware for `app.use`, before the routes. Every Effect that later handlers run takes its trace, session, user and
 * experiment from the request.
 *
 * **Details**
 *
 * `sessionFrom` names a query parameter and a field of the body that hold the session. The body is the one that
 * Express's parser made; the middleware may stand before or after it.
 *
 * @category combinators
 * @since 0.1.0
 */
export const middleware = (
  options?: { readonly sessionFrom?: SessionFrom | undefined }
): ReturnType<typeof ExpressMiddleware.make> => ExpressMiddleware.make(RequestStorage.store, options?.sessionFrom)

/**
 * Keeps the request around an effect in the context of its fiber, when the effect starts.
 *
 * **When to use**
 *
 * Use where parts of the effect run on behalf of this request but in the context of another, as batched requests do: with
 * the `context` of their entry they find it.
 *
 * @category combinators
 * @since 0.1.0
 */
export const capture: <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> = RequestStorage.capture
