/**
 * The regions around a span: the annotations, the baggage and the account that a program sets for the spans inside.
 *
 * @since 0.2.0
 */
import type { Annotation } from "../domain/span/Annotation.ts"
import { BaggageChanges } from "./AmbientContext.ts"
import type { ContextReader } from "./ContextReader.ts"
import { SpanAnnotations } from "./CurrentSpan.ts"
import type { Routing } from "./Routing.ts"
import { CurrentRouting } from "./Routing.ts"

/**
 * The regions around the spans that start in a context.
 *
 * @category models
 * @since 0.2.0
 */
export interface SpanRegion {
  readonly annotations: Annotation | undefined
  readonly baggage: ReadonlyMap<string, string | undefined>
  readonly routing: Routing | undefined
}

/**
 * Reads the regions around a context.
 *
 * @category constructors
 * @since 0.2.0
 */
export const read = (reader: ContextReader): SpanRegion => ({
  annotations: reader.getRef(SpanAnnotations),
  baggage: reader.getRef(BaggageChanges),
  routing: reader.getRef(CurrentRouting)
})
