/**
 * The port to the ambient context: the trace, the labels and the request that a span runs under.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type { Extracted } from "../domain/propagation/Propagation.ts"
import type { Labels } from "../domain/span/SpanContext.ts"
import type { ContextReader } from "./ContextReader.ts"

/**
 * A request, as a server span describes it.
 *
 * @category models
 * @since 0.1.0
 */
export interface RequestInfo {
  readonly method: string
  /** The path without the query. */
  readonly path: string
}

/**
 * The ambient context. It is parsed once per request.
 *
 * @category models
 * @since 0.1.0
 */
export interface Ambient {
  /** The propagated state of the request: the APM trace, the LLM trace, baggage for the next hop. */
  readonly upstream: Extracted | undefined
  readonly labels: Labels
  readonly request: RequestInfo | undefined
}

/**
 * Reads the ambient context of a fiber or a caller. It is synchronous and never throws.
 *
 * @category models
 * @since 0.2.0
 */
export interface AmbientContextService {
  /**
   * `undefined` if nothing is known. Return the same object each time for one request, because results are cached by
   * it. `region` is one object for contexts that differ in their spans alone, so what they say can be kept by it.
   */
  readonly current: (reader: ContextReader, region?: object) => Ambient | undefined
}

/**
 * The ambient context that a layer uses instead of its own, if the context in which it is built has one.
 *
 * @category services
 * @since 0.1.0
 */
export class AmbientContext extends Context.Service<AmbientContext, AmbientContextService>()(
  "effect-llmobs/AmbientContext"
) {}

/**
 * A context set around an effect, such as the headers of a message from a queue. It outranks every other source.
 *
 * @category references
 * @since 0.1.0
 */
export const CurrentAmbient: Context.Reference<Ambient | undefined> = Context.Reference<Ambient | undefined>(
  "effect-llmobs/ports/CurrentAmbient",
  { defaultValue: () => undefined }
)

/**
 * The changes to the baggage of calls, set around an effect: a text replaces or adds a member, `undefined` removes it.
 * They are kept apart from the request's own baggage, so that a server started inside the effect still sees each
 * request unchanged.
 *
 * @category references
 * @since 0.1.0
 */
export const BaggageChanges: Context.Reference<ReadonlyMap<string, string | undefined>> = Context.Reference<
  ReadonlyMap<string, string | undefined>
>("effect-llmobs/ports/BaggageChanges", { defaultValue: () => new Map() })
