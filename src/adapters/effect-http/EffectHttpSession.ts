/**
 * The session in the body or the query of a request to an Effect HTTP server.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Checked } from "../../domain/Problem.ts"
import type { SessionFrom } from "../../domain/propagation/RequestSession.ts"
import * as RequestSession from "../../domain/propagation/RequestSession.ts"
import * as BodyPeek from "../../engine/context/BodyPeek.ts"
import { CurrentRequestSession } from "../../ports/IncomingRequest.ts"
import type { ServerRequest } from "./ServerRequest.ts"
import { serverRequest } from "./ServerRequest.ts"

/**
 * Reads the session of the request that the effect handles, and sets it for the spans inside.
 *
 * **Details**
 *
 * The body is left unread: the handler can read it in any way.
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
    contentLength: headers["content-length"],
    contentEncoding: headers["content-encoding"],
    expect: headers["expect"]
  })
  if (!readable) return undefined
  const text = source instanceof Request
    ? Effect.promise(() => BodyPeek.peekWeb(source, RequestSession.limits.body))
    : BodyPeek.isNodeBody(source)
    ? textOfNode(source)
    : undefined
  return text && Effect.map(Effect.timeoutOption(text, RequestSession.maxWaitMillis), Option.getOrUndefined)
}

const textOfNode = (source: BodyPeek.NodeBody): Effect.Effect<string | undefined> =>
  Effect.callback((resume) => {
    let found: string | undefined
    const giveUp = BodyPeek.peekNode(source, RequestSession.limits.body, {
      onText: (text) => {
        found = text
      },
      onReady: () => resume(Effect.succeed(found))
    })
    return Effect.sync(giveUp)
  })
