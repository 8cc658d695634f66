/**
 * dd-trace as the tracer of a layer: LLM Observability spans are spans of dd-trace, and their events ride its traces.
 *
 * **Details**
 *
 * Spans of Effect and of dd-trace are in one trace, whichever started first. dd-trace decides about sampling and sends its
 * traces as before; the event of an LLM span rides on the span if the trace will be kept, and goes to the LLM intake by
 * itself if not. Baggage of dd-trace (`setBaggageItem`, or the header of a request) labels the spans, as that of
 * OpenTelemetry does.
 *
 * dd-trace from 5.18 on can carry events. Where they cannot ride safely, they go to the LLM intake, and one line in the log
 * says why: an older version, another exporter or trace protocol, its own LLM Observability. Call `tracer.init()` before
 * the layer is built.
 *
 * **Example** (An application with dd-trace)
 *
 * ```ts
 * import tracer from "dd-trace"
 * import * as DdTrace from "effect-llmobs/DdTrace"
 * import * as LLMObs from "effect-llmobs/LLMObs"
 * import * as Layer from "effect/Layer"
 *
 * tracer.init()
 * const Live = LLMObs.layer({ mlApp: "shop" }).pipe(Layer.provide(DdTrace.layer(tracer)))
 * ```
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as DdContext from "../adapters/dd-trace/DdContext.ts"
import * as DdTraceApi from "../adapters/dd-trace/DdTraceApi.ts"
import * as DdTraceHost from "../adapters/dd-trace/DdTraceHost.ts"
import { CurrentHostTracer } from "../ports/HostTracer.ts"
import { CurrentHostContextSource } from "../ports/IncomingRequest.ts"

/**
 * The tracer of dd-trace: the default export of the package, in any version.
 *
 * **Details**
 *
 * Only its members are named, because the typings of dd-trace differ from version to version. A tracer that lacks one is
 * no error: events go to the LLM intake then, and the log says why.
 *
 * @category models
 * @since 0.2.0
 */
export interface Tracer {
  readonly startSpan: (...args: never) => unknown
  readonly scope: () => unknown
  readonly inject: (...args: never) => unknown
  readonly extract: (...args: never) => unknown
}

/**
 * Options of the layer.
 *
 * @category models
 * @since 0.2.0
 */
export interface Options {
  /** The version of dd-trace, such as `6.21.0`, where it cannot be found out: in a bundle. */
  readonly version?: string | undefined
}

/**
 * Makes dd-trace the tracer of the layer that it is provided to.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (tracer: Tracer, options: Options = {}): Layer.Layer<never> =>
  Layer.effectContext(Effect.sync(() => {
    const dd = DdTraceApi.from(tracer)
    return Context.make(CurrentHostTracer, DdTraceHost.make(dd, options.version)).pipe(
      Context.add(CurrentHostContextSource, DdContext.source(dd))
    )
  }))
