/**
 * The session that a request to an Effect HTTP server names in its body or query.
 */
import * as Effect from "effect/Effect"
import type { Checked } from "../../domain/Problem.ts"
import type { SessionFrom } from "../../domain/propagation/RequestSession.ts"
import * as RequestSession from "../../domain/propagation/RequestSession.ts"
import * as BodyPeek from "../../engine/context/BodyPeek.ts"
import { CurrentRequestSession } from "../../ports/IncomingRequest.ts"
import type { ServerRequest } from "./ServerRequest.ts"
import { serverRequest } from "./ServerRequest.ts"

/**
 * Reads the session of the request that the effect handles, and gives it to the spans inside.
 *
 * **Details**
 *
 * The body is put back after it was looked at: the handler reads it as if nobody had, by whatever way it likes.
 */
export const read = (from: SessionFrom) => <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.withFiber((fiber): Effect.Effect<A, E, R> => {
    const request = serverRequest(fiber)
    if (request === undefined) return self
    const query = from.query === undefined ? undefined : RequestSession.fromQuery(request.url, from.query)
    const provide = (session: Checked<string | undefined> | undefined): Effect.Effect<A, E, R> =>
      session === undefined ? self : Effect.provideService(self, CurrentRequestSession, session)
    const { body } = from
    const text = body === undefined ? undefined : textOf(request)
    if (body === undefined || text === undefined) return provide(query)
    return Effect.flatMap(text, (json) => {
      const found = json === undefined ? undefined : RequestSession.fromJson(json, body)
      return provide(found?.value === undefined ? query ?? found : found)
    })
  })

const textOf = (request: ServerRequest): Effect.Effect<string | undefined> | undefined => {
  const { headers, method, source } = request
  const readable = RequestSession.isReadable({
    method,
    contentType: headers["content-type"],
    contentLength: headers["content-length"]
  })
  // A client that waits for permission to send gets it when the handler reads: there is nothing to look at before.
  if (!readable || headers["expect"] !== undefined) return undefined
  if (source instanceof Request) return Effect.promise(() => BodyPeek.peekWeb(source, RequestSession.limits.body))
  if (!BodyPeek.isNodeBody(source)) return undefined
  return Effect.callback<string | undefined>((resume) => {
    const giveUp = BodyPeek.peekNode(source, RequestSession.limits.body, (text) => resume(Effect.succeed(text)))
    return Effect.sync(giveUp)
  })
}
