/**
 * The Schema of the span event.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Json from "./Json.ts"
import { Nanoseconds } from "./Nanoseconds.ts"

/**
 * The event as in the intake's JSON body, with `start_ns` as a bigint.
 *
 * @category schemas
 * @since 0.1.0
 */
export const SpanEvent = Schema.Struct({
  trace_id: Schema.String,
  span_id: Schema.String,
  parent_id: Schema.String,
  name: Schema.String,
  start_ns: Nanoseconds,
  duration: Schema.Finite,
  status: Schema.Literals(["ok", "error"]),
  meta: Json.JsonObject,
  metrics: Json.Numbers,
  tags: Schema.Array(Schema.String),
  session_id: Schema.optionalKey(Schema.String),
  span_links: Schema.optionalKey(Schema.Array(Json.Json)),
  config: Schema.optionalKey(Json.Json),
  collection_errors: Schema.optionalKey(Schema.Array(Schema.String)),
  _dd: Json.Texts
})
