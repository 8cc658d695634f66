/**
 * The Schema of prompts, as recorded and as users write them.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Json from "./Json.ts"

/**
 * An entry of a chat template: a message, or a placeholder for messages.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ChatTemplateItem = Schema.Union([
  Schema.Struct({ role: Schema.String, content: Schema.String }),
  Schema.Struct({ type: Schema.Literal("placeholder"), name: Schema.String })
])

/**
 * A prompt as it is recorded.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Prompt = Schema.Struct({
  id: Schema.optionalKey(Schema.String),
  version: Schema.optionalKey(Schema.String),
  label: Schema.optionalKey(Schema.String),
  template: Schema.optionalKey(Schema.String),
  chat_template: Schema.optionalKey(Schema.Array(ChatTemplateItem)),
  variables: Schema.optionalKey(Json.JsonObject),
  tags: Schema.optionalKey(Json.Texts),
  prompt_uuid: Schema.optionalKey(Schema.String),
  prompt_version_uuid: Schema.optionalKey(Schema.String),
  _dd_context_variable_keys: Schema.optionalKey(Schema.Array(Schema.String)),
  _dd_query_variable_keys: Schema.optionalKey(Schema.Array(Schema.String))
})

/**
 * A prompt as users write it.
 *
 * @category schemas
 * @since 0.1.0
 */
export const PromptInput = Schema.Struct({
  id: Schema.optional(Schema.String),
  version: Schema.optional(Schema.String),
  label: Schema.optional(Schema.String),
  template: Schema.optional(Schema.Union([Schema.String, Schema.Array(ChatTemplateItem)])),
  chatTemplate: Schema.optional(Schema.Array(ChatTemplateItem)),
  variables: Schema.optional(Schema.Record(Schema.String, Schema.Unknown)),
  tags: Schema.optional(Json.Texts),
  promptUuid: Schema.optional(Schema.String),
  promptVersionUuid: Schema.optional(Schema.String),
  contextVariables: Schema.optional(Schema.Array(Schema.String)),
  queryVariables: Schema.optional(Schema.Array(Schema.String))
})
