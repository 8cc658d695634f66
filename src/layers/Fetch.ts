/**
 * Web requests: handlers from `Request` to `Response`, as in Hono and Next, and calls of `fetch`.
 *
 * **Example** (A handler whose spans belong to the session of the request)
 *
 * ```ts import.meta.vitest
 * import * as Fetch from "effect-llmobs/Fetch"
 * import * as LLMObs from "effect-llmobs/LLMObs"
 * import * as Effect from "effect/Effect"
 * import * as ManagedRuntime from "effect/ManagedRuntime"
 * import * as Option from "effect/Option"
 *
 * const runtime = ManagedRuntime.make(LLMObs.layerDev({ mlApp: "shop" }))
 * const chat = LLMObs.currentSpan.pipe(
 *   Effect.map((span) => Response.json(Option.getOrThrow(span).sources)),
 *   LLMObs.workflow("support")
 * )
 *
 * export const POST = Fetch.wrap(() => runtime.runPromise(chat), { sessionFrom: { query: "session_id" } })
 *
 * const response = await POST(new Request("http://localhost/chat?session_id=s-1", { method: "POST" }))
 * const sources = await response.json()
 * await runtime.dispose()
 * sources.session // => "request"
 * ```
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as RequestStorage from "../adapters/async-context/RequestStorage.ts"
import * as FetchClient from "../adapters/fetch/FetchClient.ts"
import * as FetchHandler from "../adapters/fetch/FetchHandler.ts"
import * as Hostname from "../adapters/node-process/Hostname.ts"
import * as OriginPolicy from "../domain/propagation/OriginPolicy.ts"
import type { SessionFrom } from "../domain/propagation/RequestSession.ts"

/**
 * Wraps a handler. Every Effect that it runs takes its trace, session, user and experiment from the request. Further
 * arguments of the handler are passed through.
 *
 * **Details**
 *
 * `sessionFrom` names a query parameter and a field of a JSON body that hold the session. At most 64 KiB of a copy of
 * the body are read, and the handler reads its own body.
 *
 * @category combinators
 * @since 0.1.0
 */
export const wrap = <Rest extends ReadonlyArray<unknown>, A>(
  handler: (request: Request, ...rest: Rest) => A | PromiseLike<A>,
  options?: { readonly sessionFrom?: SessionFrom | undefined }
): (request: Request, ...rest: Rest) => Promise<A> =>
(request, ...rest) =>
  FetchHandler.run(RequestStorage.store, options?.sessionFrom, request, () => handler(request, ...rest))

/**
 * The same wrapper as a middleware of Hono.
 *
 * @category combinators
 * @since 0.1.0
 */
export const middleware =
  (options?: { readonly sessionFrom?: SessionFrom | undefined }) =>
  (context: { readonly req: { readonly raw: Request } }, next: () => Promise<void>): Promise<void> =>
    FetchHandler.run(RequestStorage.store, options?.sessionFrom, context.req.raw, next)

/**
 * A `fetch` whose calls continue the trace of the fiber that makes them. A call outside any fiber, such as after an
 * `await`, continues the current span of the fiber that called this function.
 *
 * **Details**
 *
 * The trace and the LLM trace go to every service. Baggage, session, application and agent name go to `allowedOrigins`
 * only (`OriginPolicy.defaults`: this machine and its private network). They are not sent along a redirect to another
 * origin.
 *
 * @category constructors
 * @since 0.1.0
 */
export const withPropagation = (options?: {
  readonly allowedOrigins?: ReadonlyArray<string> | undefined
  readonly fetch?: typeof globalThis.fetch | undefined
}): Effect.Effect<typeof globalThis.fetch> =>
  Effect.withFiber((fiber) => {
    const self = Hostname.read()
    return Effect.succeed(FetchClient.withPropagation({
      fetch: options?.fetch ?? globalThis.fetch,
      isTrusted: (url) => OriginPolicy.allows(url, options?.allowedOrigins, self),
      owner: fiber
    }))
  })

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
