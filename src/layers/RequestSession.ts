/**
 * The session that a request names in its JSON body or its query, for Effect HTTP servers.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as EffectHttpSession from "../adapters/effect-http/EffectHttpSession.ts"
import type { SessionFrom } from "../domain/propagation/RequestSession.ts"

export type {
  /**
   * @category models
   * @since 0.1.0
   */
  SessionFrom
}

/**
 * A middleware, for `HttpRouter.serve` or around one handler: spans inside belong to the session that the request names.
 *
 * **Details**
 *
 * The field of a JSON body goes before the query parameter. At most 64 KiB of the body are looked at, before the handler
 * starts; the handler reads the body as if nobody had. The session ranks below everything that the application says
 * itself, and above the browser's baggage, and it does not leave in headers.
 *
 * @category combinators
 * @since 0.1.0
 */
export const middleware: (
  from: SessionFrom
) => <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> = EffectHttpSession.read
