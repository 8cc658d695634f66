/**
 * The port to propagation: injecting contexts into headers, and reading them from headers.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type { Items } from "../domain/propagation/Baggage.ts"
import type { HeaderLookup } from "../domain/propagation/HeaderLookup.ts"
import type { Extracted } from "../domain/propagation/Propagation.ts"
import type { Ambient } from "./AmbientContext.ts"
import type { ContextReader } from "./ContextReader.ts"

/**
 * The extent of injected headers: `full` injects everything, for `inject` and allowed services; `trace` omits baggage,
 * session, application and agent name, for other services.
 *
 * @category models
 * @since 0.1.0
 */
export type Extent = "full" | "trace"

/**
 * Injects and reads contexts. No member throws.
 *
 * @category services
 * @since 0.1.0
 */
export interface PropagatorService {
  /** The headers of a call from this context, as a new record. The call freezes the sampling decision of the trace. */
  readonly inject: (reader: ContextReader, extent: Extent) => { readonly [name: string]: string }
  readonly extract: (headers: HeaderLookup) => Ambient
  /** The propagated state of the request or message behind a context. */
  readonly upstream: (reader: ContextReader) => Extracted | undefined
  /** The members that a call from this context carries. */
  readonly baggage: (reader: ContextReader) => Items
}

/**
 * The propagator of the current layer. `undefined` without a layer: headers are then neither written nor read.
 *
 * @category references
 * @since 0.1.0
 */
export const Propagator: Context.Reference<PropagatorService | undefined> = Context.Reference<
  PropagatorService | undefined
>("effect-llmobs/ports/Propagator", { defaultValue: () => undefined })
