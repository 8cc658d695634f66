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
import * as Baggage from "../../domain/Baggage.ts"
import * as ExperimentBaggage from "../../domain/ExperimentBaggage.ts"
import * as HeaderLookup from "../../domain/HeaderLookup.ts"
import * as Propagation from "../../domain/Propagation.ts"
import type { PropagationSettings } from "../../domain/PropagationStyle.ts"
import * as RumBaggage from "../../domain/RumBaggage.ts"
import type { Ambient, AmbientContext } from "../../ports/AmbientContext.ts"
import type { DiagnosticsService } from "../../ports/Diagnostics.ts"

// The key under which the server keeps the request; reading it by its key loads nothing of the HTTP modules.
const requestKey = "effect/http/HttpServerRequest"

interface ServerRequest {
  readonly method: string
  readonly url: string
  readonly headers: { readonly [name: string]: string | undefined }
}

/**
 * Reads what a request brought from its headers.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse = (
  request: ServerRequest,
  settings: PropagationSettings,
  diagnostics: DiagnosticsService
): Ambient => {
  const headers = HeaderLookup.fromRecord(request.headers)
  const extracted = Propagation.extract(headers, settings)
  const baggage = Baggage.parseLenient(HeaderLookup.lines(headers, "baggage"))
  const problems = extracted.problems.length > 0 ? extracted.problems : baggage.problems
  if (problems.length > 0) diagnostics.report(problems)
  const end = request.url.indexOf("?")
  return {
    upstream: extracted.value,
    labels: {
      rum: RumBaggage.read(baggage.value),
      experiment: ExperimentBaggage.accepts(headers, settings.experimentBaggage)
        ? ExperimentBaggage.read(baggage.value)
        : undefined
    },
    request: { method: request.method, path: end === -1 ? request.url : request.url.slice(0, end) }
  }
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: {
  readonly settings: PropagationSettings
  readonly diagnostics: DiagnosticsService
}): typeof AmbientContext.Service => {
  const parsed = new WeakMap<object, Ambient>()
  return {
    current: (fiber: Fiber.Fiber<unknown, unknown>) => {
      const request = fiber.context.mapUnsafe.get(requestKey) as ServerRequest | undefined
      if (request === undefined) return undefined
      let ambient = parsed.get(request.headers)
      if (ambient === undefined) {
        ambient = parse(request, options.settings, options.diagnostics)
        parsed.set(request.headers, ambient)
      }
      return ambient
    }
  }
}
