/**
 * The references by which spans of one fiber find their parent and annotations.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type { Annotation } from "../domain/span/Annotation.ts"
import type { RequestInfo } from "./AmbientContext.ts"
import type { PendingContext } from "./LateRetention.ts"

/**
 * A running LLM Observability span, as its children and annotations see it.
 *
 * @category models
 * @since 0.1.0
 */
export interface OpenSpan {
  readonly context: PendingContext
  readonly annotation: Annotation
  /** The request that the span started in, if one is known. */
  readonly request: RequestInfo | undefined
  /** The changes of baggage that were active when the span started. */
  readonly baggage: ReadonlyMap<string, string | undefined>
  readonly ended: boolean
  /**
   * Whether the running provider call already has an event. The outermost adapter that sees the call sets it; an inner
   * one that finds it set on the current span records nothing.
   */
  claimed: boolean
}

/**
 * The running LLM Observability span of this fiber, the parent of the next one.
 *
 * @category references
 * @since 0.1.0
 */
export const CurrentSpan: Context.Reference<OpenSpan | undefined> = Context.Reference<OpenSpan | undefined>(
  "effect-llmobs/ports/CurrentSpan",
  { defaultValue: () => undefined }
)

/**
 * The annotation that `annotateSpans` adds to spans inside its effect. It is scoped to the fiber and never sent.
 *
 * @category references
 * @since 0.1.0
 */
export const SpanAnnotations: Context.Reference<Annotation | undefined> = Context.Reference<Annotation | undefined>(
  "effect-llmobs/ports/SpanAnnotations",
  { defaultValue: () => undefined }
)
