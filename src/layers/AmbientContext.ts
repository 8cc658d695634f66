/**
 * An ambient context of your own: how a layer learns what stands behind a span, such as the request that it belongs to.
 *
 * **Details**
 *
 * A layer knows the requests of Effect's HTTP server, of the adapters (`Express`, `Fastify`, `Fetch`, `NodeHttp`), and the
 * context of OpenTelemetry. An `AmbientContext` provided to `LLMObs.layer` replaces all of that. The layer asks it, at the
 * start of each span and for each call that leaves, by a {@link ContextReader}: the fiber's references, or those that
 * plain JavaScript keeps. A context of `LLMObs.extract` still comes first in its region.
 *
 * One that throws, or gives something else than an {@link Ambient}, counts as one that knows nothing.
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
   * @category services
   * @since 0.2.0
   */
  AmbientContext
}

export type {
  /**
   * @category models
   * @since 0.2.0
   */
  Ambient,
  /**
   * @category models
   * @since 0.2.0
   */
  AmbientContextService,
  /**
   * @category models
   * @since 0.2.0
   */
  ContextReader,
  /**
   * @category models
   * @since 0.2.0
   */
  RequestInfo
}

/**
 * The headers of a request: by name, in any case.
 *
 * @category models
 * @since 0.2.0
 */
export interface Headers {
  readonly [name: string]: string | ReadonlyArray<string> | undefined
}

/**
 * @category models
 * @since 0.2.0
 */
export interface Options {
  /**
   * The headers of the request behind a context, or of the message; `undefined` without one. Give the same object each
   * time for one request: it is parsed once.
   */
  readonly headers: (reader: ContextReader) => Headers | undefined
}

/**
 * Makes an ambient context of headers. They are read by the default propagation styles (`datadog`, `tracecontext`,
 * `baggage`); a context with rules of its own is an {@link AmbientContextService} for
 * `Layer.succeed(AmbientContext.AmbientContext, …)`.
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
 * What headers bring: the APM trace and the LLM trace that they continue, labels, and an experiment. A header that cannot
 * be read counts as missing.
 *
 * @category constructors
 * @since 0.2.0
 */
export const fromHeaders = (headers: Headers, request?: RequestInfo): Ambient =>
  RequestContext.fromHeaders(HeaderLookup.fromRecord(headers), PropagationStyle.defaults, request).value

/**
 * Provide it to `LLMObs.layer`.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (options: Options): Layer.Layer<AmbientContext> => Layer.sync(AmbientContext, () => make(options))
