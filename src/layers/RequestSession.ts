/**
 * The session in the JSON body or the query of a request, for Effect HTTP servers.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as EffectHttpSession from "../adapters/effect-http/EffectHttpSession.ts"
import type { SessionFrom } from "../domain/propagation/RequestSession.ts"

export type {
  /**
   * The name of a field of a JSON body, and the name of a query parameter.
   *
   * @category models
   * @since 0.1.0
   */
  SessionFrom
}

/**
 * A middleware, for `HttpRouter.serve` or around one handler. Spans inside belong to the session that the request
 * names.
 *
 * **Details**
 *
 * The field of a JSON body wins over the query parameter. At most 64 KiB of the body are read before the handler
 * starts; the handler still reads the whole body. The session ranks below every session that the application sets, and
 * above the browser's baggage. It is not sent in headers.
 *
 * @category combinators
 * @since 0.1.0
 */
export const middleware: (
  from: SessionFrom
) => <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> = EffectHttpSession.read
