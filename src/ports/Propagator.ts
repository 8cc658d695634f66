/**
 * The port to propagation: contexts that leave in headers, and contexts that come in them.
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
 * How much leaves: `full` is everything, for those who asked; `trace` leaves out baggage, session, application and agent
 * name, for strangers.
 *
 * @category models
 * @since 0.1.0
 */
export type Extent = "full" | "trace"

/**
 * @category services
 * @since 0.1.0
 */
export interface PropagatorService {
  /** The headers of a call from this context, a fresh record each time. Freezes the sampling decision of the trace. */
  readonly inject: (reader: ContextReader, extent: Extent) => { readonly [name: string]: string }
  readonly extract: (headers: HeaderLookup) => Ambient
  /** What the request or the message behind a context brought. */
  readonly upstream: (reader: ContextReader) => Extracted | undefined
  /** The members that a call from this context carries. */
  readonly baggage: (reader: ContextReader) => Items
}

/**
 * The propagator of the region, or `undefined` without a layer: nothing is written and nothing read.
 *
 * @category references
 * @since 0.1.0
 */
export const Propagator: Context.Reference<PropagatorService | undefined> = Context.Reference<
  PropagatorService | undefined
>("effect-llmobs/ports/Propagator", { defaultValue: () => undefined })
