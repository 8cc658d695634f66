/**
 * Web requests: handlers that take a `Request` and give a `Response`, as Hono, Next and others have them, and calls that
 * are made with `fetch`.
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
import * as FetchClient from "../adapters/fetch/FetchClient.ts"
import * as FetchHandler from "../adapters/fetch/FetchHandler.ts"
import * as Hostname from "../adapters/node-process/Hostname.ts"
import * as RequestStorage from "../adapters/request-storage/RequestStorage.ts"
import * as OriginPolicy from "../domain/propagation/OriginPolicy.ts"
import type { SessionFrom } from "../domain/propagation/RequestSession.ts"

/**
 * Wraps a handler. Every Effect that it runs takes its trace, session, user and experiment from the request. What the
 * handler gets beside the request is passed through.
 *
 * **Details**
 *
 * `sessionFrom` names a query parameter and a field of a JSON body that hold the session. A copy of the body is looked
 * at, at most 64 KiB of it; the handler reads its own.
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
 * The same as a middleware of Hono.
 *
 * @category combinators
 * @since 0.1.0
 */
export const middleware =
  (options?: { readonly sessionFrom?: SessionFrom | undefined }) =>
  (context: { readonly req: { readonly raw: Request } }, next: () => Promise<void>): Promise<void> =>
    FetchHandler.run(RequestStorage.store, options?.sessionFrom, context.req.raw, next)

/**
 * A `fetch` whose calls continue the trace of the fiber that makes them. A call that no fiber makes, after an `await` for
 * instance, continues the trace of the fiber that asked for this function, in the span in which that fiber then is.
 *
 * **Details**
 *
 * The trace and the LLM trace go to everybody. Baggage, session, application and agent name go to `allowedOrigins` only
 * (`OriginPolicy.defaults`: this machine and its private network). A redirect to somebody else does not carry them.
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
