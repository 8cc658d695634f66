/**
 * The retention decision of an LLM trace, taken or still open.
 *
 * @since 0.2.0
 */
import type { Retention, SpanContext } from "../domain/span/SpanContext.ts"
import type { SpanRecord } from "../domain/span/SpanRecord.ts"

/**
 * An open decision: it depends on the tags of the trace's root, which can still change. Every span of the trace holds
 * the same one.
 *
 * @category models
 * @since 0.2.0
 */
export interface OpenRetention {
  readonly _tag: "Open"
  /** The decision, once it is taken. Reading it does not take it. */
  readonly taken: Retention | undefined
  /** Takes the decision from the present tags. A later call returns the same one. */
  readonly take: () => Retention
  /** Calls a function when the decision is taken, or at once if it already is. */
  readonly whenTaken: (released: () => void) => void
}

/**
 * A retention decision, taken or still open.
 *
 * @category models
 * @since 0.2.0
 */
export type LateRetention = Retention | OpenRetention

/**
 * The identity of a span whose retention decision may be open.
 *
 * @category models
 * @since 0.2.0
 */
export type PendingContext = SpanContext<LateRetention>

/**
 * A finished span whose retention decision may be open. It cannot be rendered while it is.
 *
 * @category models
 * @since 0.2.0
 */
export type PendingRecord = SpanRecord<LateRetention>
