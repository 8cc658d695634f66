/**
 * The Schema of the record of a finished span.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Annotation } from "./Annotation.ts"
import * as Json from "./Json.ts"
import { Nanoseconds } from "./Nanoseconds.ts"
import { Prompt } from "./Prompt.ts"
import { SpanContext } from "./SpanContext.ts"

/**
 * The error of a failed span. Unknown texts are `""`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const SpanError = Schema.Struct({ type: Schema.String, message: Schema.String, stack: Schema.String })

/**
 * The record of a finished span. Times are in nanoseconds.
 *
 * @category schemas
 * @since 0.1.0
 */
export const SpanRecord = Schema.Struct({
  context: SpanContext,
  startNs: Nanoseconds,
  durationNs: Schema.Finite,
  model: Schema.UndefinedOr(Schema.Struct({ name: Schema.String, provider: Schema.String })),
  annotation: Annotation,
  tags: Json.Texts,
  prompt: Schema.UndefinedOr(Prompt),
  toolVersion: Schema.UndefinedOr(Schema.String),
  error: Schema.UndefinedOr(SpanError),
  bytes: Schema.Natural
})
