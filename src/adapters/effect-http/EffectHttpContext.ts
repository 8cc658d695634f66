/**
 * The ambient context of an Effect HTTP server, without any middleware.
 *
 * **Details**
 *
 * The server puts the request into the context of the fiber that handles it, and every fiber forked from there inherits
 * it. So what the request brought is known in the handler, after awaits, in forked fibers and in streams, and two
 * requests are never mixed up. The headers of a request are parsed once.
 *
 * @since 0.1.0
 */
import type * as Fiber from "effect/Fiber"
import * as HeaderLookup from "../../domain/HeaderLookup.ts"
import type { PropagationSettings } from "../../domain/PropagationStyle.ts"
import * as RequestContext from "../../engine/RequestContext.ts"
import type { Ambient, AmbientContext } from "../../ports/AmbientContext.ts"
import { CurrentAmbient } from "../../ports/AmbientContext.ts"
import type { DiagnosticsService } from "../../ports/Diagnostics.ts"

// The key under which the server keeps the request; reading it by its key loads nothing of the HTTP modules.
const requestKey = "effect/http/HttpServerRequest"

interface ServerRequest {
  readonly method: string
  readonly url: string
  readonly headers: { readonly [name: string]: string | undefined }
}

/**
 * Reads a region's own context (`LLMObs.extract`), else the request that the fiber handles.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: {
  readonly settings: PropagationSettings
  readonly diagnostics: DiagnosticsService
}): typeof AmbientContext.Service => {
  const parsed = new WeakMap<object, Ambient>()
  const parse = (request: ServerRequest): Ambient => {
    const end = request.url.indexOf("?")
    const { problems, value } = RequestContext.fromHeaders(
      HeaderLookup.fromRecord(request.headers),
      options.settings,
      { method: request.method, path: end === -1 ? request.url : request.url.slice(0, end) }
    )
    if (problems.length > 0) options.diagnostics.report(problems)
    return value
  }
  return {
    current: (fiber: Fiber.Fiber<unknown, unknown>) => {
      const given = fiber.getRef(CurrentAmbient)
      if (given !== undefined) return given
      const request = fiber.context.mapUnsafe.get(requestKey) as ServerRequest | undefined
      if (request === undefined) return undefined
      let ambient = parsed.get(request.headers)
      if (ambient === undefined) {
        ambient = parse(request)
        parsed.set(request.headers, ambient)
      }
      return ambient
    }
  }
}
