/**
 * The origin of a label, and the ranking between two labels.
 *
 * **Details**
 *
 * Several places can name the session, the user, the account and the application of a span. A label written in code
 * outranks one that a trusted service passed on, and that outranks one that a browser sent. An inherited label keeps
 * the rank of its first place, so a session that a browser named gains no authority by inheritance.
 *
 * @since 0.1.0
 */

/**
 * The place a label was found in.
 *
 * - `explicit`: a span option, an annotation, or `DD_TAGS`
 * - `context`: `annotateSpans` around the span
 * - `parent`: inherited from the parent span in this process
 * - `propagated`: the trace's default, set by an earlier span or an upstream service
 * - `request`: the body or the query of the HTTP request
 * - `rum`: W3C baggage written by the RUM browser SDK
 *
 * @category models
 * @since 0.1.0
 */
export type Source = "explicit" | "context" | "parent" | "propagated" | "request" | "rum"

/**
 * A label and its provenance. `origin` differs from `source` only for an inherited label: it is the place where the
 * ancestor got it. An empty `value` is an opt-out.
 *
 * @category models
 * @since 0.1.0
 */
export interface Sourced {
  readonly value: string
  readonly source: Source
  readonly origin: Source
}

/**
 * A label that was found in `source`, which is its origin too.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (value: string, source: Source): Sourced => new Found(value, source, source)

// A class, so that it begins in the young generation: see `SpanRecord`.
class Found implements Sourced {
  readonly value: string
  readonly source: Source
  readonly origin: Source

  constructor(value: string, source: Source, origin: Source) {
    this.value = value
    this.source = source
    this.origin = origin
  }
}

/**
 * The label as a child sees it.
 *
 * @category combinators
 * @since 0.1.0
 */
export const inherit = (self: Sourced): Sourced =>
  self.source === "parent" ? self : new Found(self.value, "parent", self.origin)

/**
 * Whether a label may become the trace's default or leave the process in our headers. A label from a browser or a
 * request body is not passed on, because downstream services would trust it as ours.
 *
 * @category guards
 * @since 0.1.0
 */
export const isVouched = (self: Sourced): boolean => self.origin !== "rum" && self.origin !== "request"

/**
 * The candidates for one label of one span.
 *
 * @category models
 * @since 0.1.0
 */
export interface Candidates {
  readonly explicit?: string | undefined
  readonly context?: string | undefined
  readonly parent?: Sourced | undefined
  readonly traceDefault?: Sourced | undefined
  /** From `DD_TAGS`: explicit, but about the process rather than the span. */
  readonly process?: string | undefined
  readonly request?: string | undefined
  readonly rum?: string | undefined
}

/**
 * Picks the label: the one ranking of the library, from the strongest candidate to the weakest.
 *
 * @category combinators
 * @since 0.1.0
 */
export const resolve = (c: Candidates): Sourced | undefined => {
  if (c.explicit !== undefined) return make(c.explicit, "explicit")
  if (c.context !== undefined) return make(c.context, "context")
  const vouchedParent = c.parent !== undefined && isVouched(c.parent)
  if (vouchedParent) return inherit(c.parent!)
  if (c.traceDefault !== undefined) return c.traceDefault
  if (c.process !== undefined) return make(c.process, "explicit")
  if (c.request !== undefined) return make(c.request, "request")
  if (c.parent !== undefined) return inherit(c.parent)
  if (c.rum !== undefined) return make(c.rum, "rum")
  return undefined
}
