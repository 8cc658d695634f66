/**
 * The Schema of tool definitions, as recorded and as users write them.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Json from "./Json.ts"

/**
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
 * @category schemas
 * @since 0.1.0
 */
export const ToolDefinitionInput = Schema.Struct({
  name: Schema.String,
  description: Schema.optional(Schema.String),
  schema: Schema.optional(Schema.Record(Schema.String, Schema.Unknown)),
  version: Schema.optional(Schema.String)
})
