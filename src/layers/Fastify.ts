/**
 * Fastify: Effects that handlers run belong to the request.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as RequestStorage from "../adapters/async-context/RequestStorage.ts"
import * as FastifyPlugin from "../adapters/fastify/FastifyPlugin.ts"

/**
 * A plugin for `app.register`, at the root. Every Effect that hooks and handlers run takes its trace, session, user and
 * experiment from the request.
 *
 * **Details**
 *
 * Its option `sessionFrom` names a query parameter and a field of the parsed body that hold the session.
 *
 * @category combinators
 * @since 0.1.0
 */
export const plugin: ReturnType<typeof FastifyPlugin.make> = FastifyPlugin.make(RequestStorage.store)

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
