/**
 * The Schema of export modes, roads and forms.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * The mode in which traces and events are exported.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ExportMode = Schema.Literals(["apm-agent", "apm-agentless", "llmobs-agent-proxy", "llmobs-agentless"])

/**
 * The road of an event.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Road = Schema.Literals(["trace-agent", "trace-intake", "evp-proxy", "llmobs-intake"])

/**
 * The form of an event on a road.
 *
 * @category schemas
 * @since 0.1.0
 */
export const WireFormat = Schema.Struct({
  road: Road,
  form: Schema.Literals(["meta_struct", "event"]),
  tagKeys: Schema.Literals(["dotted", "underscored"]),
  errorTags: Schema.Boolean,
  metaError: Schema.Boolean
})
