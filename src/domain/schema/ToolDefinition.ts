/**
 * The Schema of tool definitions, as recorded and as users write them.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Json from "./Json.ts"

/**
 * A tool definition with the names it has in the event.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ToolDefinition = Schema.Struct({
  name: Schema.String,
  description: Schema.optionalKey(Schema.String),
  schema: Schema.optionalKey(Json.JsonObject),
  version: Schema.optionalKey(Schema.String)
})

/**
 * A tool definition as users write it.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ToolDefinitionInput = Schema.Struct({
  name: Schema.String,
  description: Schema.optional(Schema.String),
  schema: Schema.optional(Schema.Record(Schema.String, Schema.Unknown)),
  version: Schema.optional(Schema.String)
})
