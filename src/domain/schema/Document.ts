/**
 * The Schema of documents.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * A document with the names it has in the event.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Document = Schema.Struct({
  text: Schema.String,
  name: Schema.optionalKey(Schema.String),
  id: Schema.optionalKey(Schema.String),
  score: Schema.optionalKey(Schema.Finite)
})
