/**
 * The retention decision of an LLM trace, taken or still open.
 *
 * @since 0.2.0
 */
import type { Retention, SpanContext } from "../domain/span/SpanContext.ts"
import type { SpanRecord } from "../domain/span/SpanRecord.ts"

/**
 * A decision that looks at the tags of the trace's root, which can still come. Every span of the trace holds the same one.
 *
 * @category models
 * @since 0.2.0
 */
export interface OpenRetention {
  readonly _tag: "Open"
  /** The decision, once it is taken. Reading it takes nothing. */
  readonly taken: Retention | undefined
  /** Takes the decision by the tags of this moment; a later call gives the same one. */
  readonly take: () => Retention
  /** Calls a function when the decision is taken; at once if it is. */
  readonly whenTaken: (released: () => void) => void
}

/**
 * @category models
 * @since 0.2.0
 */
export type LateRetention = Retention | OpenRetention

/**
 * The identity of a span whose trace may not have its decision yet.
 *
 * @category models
 * @since 0.2.0
 */
export type PendingContext = SpanContext<LateRetention>

/**
 * A finished span whose trace may not have its decision yet. It cannot be rendered.
 *
 * @category models
 * @since 0.2.0
 */
export type PendingRecord = SpanRecord<LateRetention>
