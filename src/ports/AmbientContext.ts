/**
 * The port to the ambient context: what the request or message behind a piece of work brought along.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type { Extracted } from "../domain/propagation/Propagation.ts"
import type { Labels } from "../domain/span/SpanContext.ts"
import type { ContextReader } from "./ContextReader.ts"

/**
 * The request as a server span describes it.
 *
 * @category models
 * @since 0.1.0
 */
export interface RequestInfo {
  readonly method: string
  /** Path without the query. */
  readonly path: string
}

/**
 * What the ambient context says. It is parsed once per request.
 *
 * @category models
 * @since 0.1.0
 */
export interface Ambient {
  /** What the headers of the request brought: the APM trace, the LLM trace, baggage for the next hop. */
  readonly upstream: Extracted | undefined
  readonly labels: Labels
  readonly request: RequestInfo | undefined
}

/**
 * Reads what stands behind a context. Synchronous and total.
 *
 * @category models
 * @since 0.2.0
 */
export interface AmbientContextService {
  /** `undefined` when nothing is known. The same object each time for one request spares work. */
  readonly current: (reader: ContextReader) => Ambient | undefined
}

/**
 * The ambient context that a layer uses instead of its own, where the context that it is built in has one.
 *
 * @category services
 * @since 0.1.0
 */
export class AmbientContext extends Context.Service<AmbientContext, AmbientContextService>()(
  "effect-llmobs/AmbientContext"
) {}

/**
 * A context that somebody put around a region, such as the headers of a message from a queue. It outranks whatever else
 * stands behind the fiber.
 *
 * @category references
 * @since 0.1.0
 */
export const CurrentAmbient: Context.Reference<Ambient | undefined> = Context.Reference<Ambient | undefined>(
  "effect-llmobs/ports/CurrentAmbient",
  { defaultValue: () => undefined }
)

/**
 * What a region says about the baggage of the calls that leave it: a text replaces a member or adds one, `undefined`
 * takes one away. It is kept beside the request's own baggage, so that a server which is started in the region still
 * sees each request as it came.
 *
 * @category references
 * @since 0.1.0
 */
export const BaggageChanges: Context.Reference<ReadonlyMap<string, string | undefined>> = Context.Reference<
  ReadonlyMap<string, string | undefined>
>("effect-llmobs/ports/BaggageChanges", { defaultValue: () => new Map() })
