/**
 * The Schema of chat messages, as the event has them.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Json from "./Json.ts"

/**
 * A tool call of a model.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ToolCall = Schema.Struct({
  name: Schema.String,
  arguments: Json.JsonObject,
  tool_id: Schema.optionalKey(Schema.String),
  type: Schema.optionalKey(Schema.String)
})

/**
 * The answer of a tool.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ToolResult = Schema.Struct({
  result: Schema.String,
  name: Schema.optionalKey(Schema.String),
  tool_id: Schema.optionalKey(Schema.String),
  type: Schema.optionalKey(Schema.String)
})

/**
 * Sound or a picture: its base64 text, or the key of an attachment that is stored elsewhere.
 *
 * @category schemas
 * @since 0.1.0
 */
export const MediaPart = Schema.Union([
  Schema.Struct({ mime_type: Schema.String, content: Schema.String }),
  Schema.Struct({ mime_type: Schema.String, attachment_key: Schema.String })
])

/**
 * A message of one side of an llm span.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Message = Schema.Struct({
  content: Schema.String,
  role: Schema.String,
  tool_calls: Schema.optionalKey(Schema.Array(ToolCall)),
  tool_results: Schema.optionalKey(Schema.Array(ToolResult)),
  audio_parts: Schema.optionalKey(Schema.Array(MediaPart)),
  image_parts: Schema.optionalKey(Schema.Array(MediaPart))
})
