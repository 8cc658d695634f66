/**
 * The Schema of tags and of their sources.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Json from "./Json.ts"
import { SpanContext } from "./SpanContext.ts"

/**
 * Tags by key.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Tags = Json.Texts

/**
 * The tags of the process.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ProcessTags = Schema.Struct({
  env: Schema.UndefinedOr(Schema.String),
  version: Schema.UndefinedOr(Schema.String),
  ddTags: Tags,
  git: Schema.Struct({ repositoryUrl: Schema.optional(Schema.String), commitSha: Schema.optional(Schema.String) }),
  libraryVersion: Schema.String
})

/**
 * The sources of a span's tags.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Input = Schema.Struct({
  process: ProcessTags,
  service: Schema.String,
  context: SpanContext,
  annotated: Schema.UndefinedOr(Tags),
  agentVersion: Schema.UndefinedOr(Schema.String)
})
