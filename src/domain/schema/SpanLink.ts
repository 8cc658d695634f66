/**
 * The Schema of links between spans, as recorded and as users write them.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * A link with the names it has in the event.
 *
 * @category schemas
 * @since 0.1.0
 */
export const SpanLink = Schema.Struct({
  span_id: Schema.String,
  trace_id: Schema.String,
  attributes: Schema.Struct({ from: Schema.String, to: Schema.String })
})

/**
 * A link as users write it.
 *
 * @category schemas
 * @since 0.1.0
 */
export const SpanLinkInput = Schema.Struct({
  spanId: Schema.String,
  traceId: Schema.String,
  attributes: Schema.optional(
    Schema.Struct({ from: Schema.optional(Schema.String), to: Schema.optional(Schema.String) })
  )
})
