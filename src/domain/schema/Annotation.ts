/**
 * The Schema of annotations, as users write them and as they are kept.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import type { AgentManifestInput } from "../content/AgentManifest.ts"
import type { MetricsInput } from "../content/Metrics.ts"
import type { ToolDefinitionsInput } from "../content/ToolDefinition.ts"
import type { AnnotationInput as AnnotationInputs } from "../span/Annotation.ts"
import { Document } from "./Document.ts"
import * as Json from "./Json.ts"
import { Message } from "./Message.ts"
import { Prompt, PromptInput } from "./Prompt.ts"
import { SpanLink, SpanLinkInput } from "./SpanLink.ts"
import { ToolDefinition } from "./ToolDefinition.ts"

const anything = Schema.Record(Schema.String, Schema.Unknown)

// The types of the sides only help editors: any value passes.
const Side = Schema.Unknown as unknown as Schema.Codec<AnnotationInputs["input"]>
const Manifest = anything as unknown as Schema.Codec<AgentManifestInput>
const Metrics = anything as unknown as Schema.Codec<MetricsInput>
const Tools = Schema.ObjectKeyword as unknown as Schema.Codec<ToolDefinitionsInput>

/**
 * An annotation of a well-typed program. The parser accepts more values and keeps their good parts.
 *
 * @category schemas
 * @since 0.1.0
 */
export const AnnotationInput = Schema.Struct({
  name: Schema.optional(Schema.String),
  model: Schema.optional(Schema.String),
  provider: Schema.optional(Schema.String),
  input: Schema.optionalKey(Side),
  output: Schema.optionalKey(Side),
  expectedOutput: Schema.optionalKey(Schema.Unknown),
  metadata: Schema.optional(anything),
  metrics: Schema.optional(Schema.NullOr(Metrics)),
  tags: Schema.optional(anything),
  costTags: Schema.optional(Schema.Array(Schema.String)),
  toolDefinitions: Schema.optional(Tools),
  prompt: Schema.optional(PromptInput),
  spanLinks: Schema.optional(Schema.Array(SpanLinkInput)),
  sessionId: Schema.optional(Schema.String),
  userId: Schema.optional(Schema.String),
  accountId: Schema.optional(Schema.String),
  agentVersion: Schema.optional(Schema.String),
  agentName: Schema.optional(Schema.String),
  manifest: Schema.optional(Manifest),
  toolVersion: Schema.optional(Schema.String),
  intent: Schema.optional(Schema.String),
  config: Schema.optional(anything)
})

/**
 * One side of a span, in the shape that its kind records.
 *
 * @category schemas
 * @since 0.1.0
 */
export const SpanIo = Schema.Union([
  Schema.Struct({ _tag: Schema.Literal("Messages"), value: Schema.Array(Message) }),
  Schema.Struct({ _tag: Schema.Literal("Documents"), value: Schema.Array(Document) }),
  Schema.Struct({ _tag: Schema.Literal("Value"), value: Schema.String }),
  Schema.Struct({ _tag: Schema.Literal("Raw"), value: Json.Json })
])

/**
 * A parsed annotation.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Annotation = Schema.Struct({
  name: Schema.optionalKey(Schema.String),
  input: Schema.optionalKey(SpanIo),
  output: Schema.optionalKey(SpanIo),
  expectedOutput: Schema.optionalKey(Json.Json),
  metadata: Schema.optionalKey(Json.JsonObject),
  metrics: Schema.optionalKey(Json.Numbers),
  tags: Schema.optionalKey(Json.Texts),
  costTags: Schema.optionalKey(Schema.Array(Schema.String)),
  toolDefinitions: Schema.optionalKey(Schema.Array(ToolDefinition)),
  prompt: Schema.optionalKey(Prompt),
  spanLinks: Schema.optionalKey(Schema.Array(SpanLink)),
  sessionId: Schema.optionalKey(Schema.String),
  userId: Schema.optionalKey(Schema.String),
  accountId: Schema.optionalKey(Schema.String),
  agentVersion: Schema.optionalKey(Schema.String),
  agentName: Schema.optionalKey(Schema.String),
  manifest: Schema.optionalKey(Json.JsonObject),
  toolVersion: Schema.optionalKey(Schema.String),
  intent: Schema.optionalKey(Schema.String),
  config: Schema.optionalKey(Json.JsonObject),
  model: Schema.optionalKey(Schema.String),
  bytes: Schema.Natural
})
