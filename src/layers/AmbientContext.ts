/**
 * An ambient context of your own: the trace, the labels and the request that a span runs under.
 *
 * **Details**
 *
 * By default, a layer reads the requests of Effect's HTTP server and of the adapters (`Express`, `Fastify`, `Fetch`,
 * `NodeHttp`), and the context of OpenTelemetry. An `AmbientContext` provided to `LLMObs.layer` replaces all of that.
 * The layer calls it at the start of each span and for each outgoing call, with a {@link ContextReader}: the fiber's
 * references, or those that plain JavaScript keeps. A context of `LLMObs.extract` still wins inside its effect.
 *
 * If it throws or returns a value that is no {@link Ambient}, the ambient context is empty.
 *
 * **Example** (Headers kept in asynchronous storage)
 *
 * ```ts import.meta.vitest
 * import * as AmbientContext from "effect-llmobs/AmbientContext"
 * import * as LLMObs from "effect-llmobs/LLMObs"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import * as Option from "effect/Option"
 * import { AsyncLocalStorage } from "node:async_hooks"
 *
 * const storage = new AsyncLocalStorage<{ readonly [name: string]: string }>()
 * const Live = LLMObs.layerDev({ mlApp: "shop" }).pipe(
 *   Layer.provide(AmbientContext.layer({ headers: () => storage.getStore() }))
 * )
 *
 * const session = LLMObs.currentSpan.pipe(
 *   Effect.map((span) => Option.getOrThrow(span).sources.session),
 *   LLMObs.workflow("support"),
 *   Effect.provide(Live)
 * )
 * await storage.run({ baggage: "session.id=s-1" }, () => Effect.runPromise(session)) // => "rum"
 * ```
 *
 * @since 0.2.0
 */
import * as Layer from "effect/Layer"
import * as HeaderLookup from "../domain/propagation/HeaderLookup.ts"
import * as PropagationStyle from "../domain/propagation/PropagationStyle.ts"
import * as RequestContext from "../engine/context/RequestContext.ts"
import type { Ambient, AmbientContextService, RequestInfo } from "../ports/AmbientContext.ts"
import { AmbientContext } from "../ports/AmbientContext.ts"
import type { ContextReader } from "../ports/ContextReader.ts"

export {
  /**
   * The ambient context that a layer uses instead of its own.
   *
   * @category services
   * @since 0.2.0
   */
  AmbientContext
}

export type {
  /**
   * The ambient context of a span. It is parsed once per request.
   *
   * @category models
   * @since 0.2.0
   */
  Ambient,
  /**
   * Reads the ambient context of a fiber or a caller.
   *
   * @category models
   * @since 0.2.0
   */
  AmbientContextService,
  /**
   * Reads a context. Every `Fiber` is a reader.
   *
   * @category models
   * @since 0.2.0
   */
  ContextReader,
  /**
   * A request, as a server span describes it.
   *
   * @category models
   * @since 0.2.0
   */
  RequestInfo
}

/**
 * The headers of a request, by name in any case.
 *
 * @category models
 * @since 0.2.0
 */
export interface Headers {
  readonly [name: string]: string | ReadonlyArray<string> | undefined
}

/**
 * The source of headers.
 *
 * @category models
 * @since 0.2.0
 */
export interface Options {
  /**
   * The headers of the request or message behind a context. `undefined` if there is none. Return the same object each
   * time for one request, so that it is parsed once.
   */
  readonly headers: (reader: ContextReader) => Headers | undefined
}

/**
 * Makes an ambient context from headers. They are read by the default propagation styles (`datadog`, `tracecontext`,
 * `baggage`). For other rules, give an {@link AmbientContextService} to `Layer.succeed(AmbientContext.AmbientContext,
 * …)`.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = ({ headers }: Options): AmbientContextService => {
  const parsed = new WeakMap<Headers, Ambient>()
  return {
    current: (reader) => {
      const given = headers(reader)
      if (given === undefined) return undefined
      let ambient = parsed.get(given)
      if (ambient === undefined) {
        ambient = fromHeaders(given)
        parsed.set(given, ambient)
      }
      return ambient
    }
  }
}

/**
 * Reads headers: the APM trace and the LLM trace that they continue, labels, and an experiment. An unreadable header
 * counts as missing.
 *
 * @category constructors
 * @since 0.2.0
 */
export const fromHeaders = (headers: Headers, request?: RequestInfo): Ambient =>
  RequestContext.fromHeaders(HeaderLookup.fromRecord(headers), PropagationStyle.defaults, request).value

/**
 * Provides the ambient context to `LLMObs.layer`.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (options: Options): Layer.Layer<AmbientContext> => Layer.sync(AmbientContext, () => make(options))
