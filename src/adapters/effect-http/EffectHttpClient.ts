/**
 * The headers of calls that an Effect HTTP client makes.
 */
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Option from "effect/Option"
import { Propagator } from "../../ports/Propagator.ts"

/**
 * Writes the context of the calling fiber into the headers of every call: all of it for the services that `isTrusted`
 * accepts, and the distributed trace alone for other services.
 *
 * **Details**
 *
 * Each call has its own headers, and so has each attempt of a retry and each hop of a redirect. A header that the
 * caller set is kept, and so are the client's own `traceparent` and b3 headers.
 */
export const withPropagation =
  (isTrusted: (url: URL) => boolean) =>
  <E, R>(client: HttpClient.HttpClient.With<E, R>): HttpClient.HttpClient.With<E, R> => {
    const write = (request: HttpClientRequest.HttpClientRequest) =>
      Effect.withFiber<HttpClientRequest.HttpClientRequest>((fiber) => {
        const propagator = fiber.getRef(Propagator)
        if (propagator === undefined) return Effect.succeed(request)
        const url = Option.getOrUndefined(HttpClientRequest.toUrl(request))
        const headers = propagator.inject(fiber, url !== undefined && isTrusted(url) ? "full" : "trace")
        return Effect.succeed(HttpClientRequest.setHeaders(request, { ...headers, ...request.headers }))
      })
    return HttpClient.makeWith(
      (request: Effect.Effect<HttpClientRequest.HttpClientRequest, E, R>) =>
        client.postprocess(Effect.flatMap(request, write)),
      client.preprocess as HttpClient.HttpClient.Preprocess<E, R>
    )
  }
