/**
 * The struct that rides an APM span under the key `_llmobs` of its `meta_struct`.
 *
 * **Details**
 *
 * The struct is the event without the fields of the APM span (id, start, duration, status), with the tags as an object.
 *
 * @since 0.1.0
 */
import type { Json } from "../json/JsonSnapshot.ts"
import type { SpanRecord } from "../span/SpanRecord.ts"
import * as Tags from "../span/Tags.ts"
import * as SpanMeta from "./SpanMeta.ts"
import type { WireFormat } from "./WireFormat.ts"

/**
 * The key in `meta_struct`.
 *
 * @category constants
 * @since 0.1.0
 */
export const key = "_llmobs"

/**
 * The tag on an APM span whose event went to the intake by itself. Because of it the backend does not build a second
 * event.
 *
 * @category constants
 * @since 0.1.0
 */
export const submittedTag = "_dd.llmobs.submitted"

/**
 * The fields of the struct. The tags are an object, unlike those of the event.
 *
 * @category models
 * @since 0.1.0
 */
export interface MetaStruct {
  readonly [key: string]: Json
}

/**
 * Renders a record into the struct. A caller that writes `meta` in another way gives its own.
 *
 * @category combinators
 * @since 0.1.0
 */
export const render = (
  record: SpanRecord,
  format: WireFormat,
  meta: Json = SpanMeta.render(record, format)
): MetaStruct => {
  const { annotation, context } = record
  const struct: { [key: string]: Json } = {
    name: context.name,
    parent_id: context.parentId,
    trace_id: context.traceId,
    ml_app: context.mlApp.value,
    tags: format.tagKeys === "dotted" ? record.tags : Tags.underscored(record.tags),
    metrics: annotation.metrics ?? {},
    meta,
    _dd: SpanMeta.reserved(record)
  }
  if (context.session !== undefined && context.session.value !== "") struct["session_id"] = context.session.value
  if (context.agent !== undefined) {
    if (context.agent.name !== null) struct["pagent_name"] = context.agent.name
    struct["pagent_span_id"] = context.agent.spanId
  }
  if (annotation.spanLinks !== undefined && annotation.spanLinks.length > 0) {
    struct["span_links"] = annotation.spanLinks as unknown as Json
  }
  if (annotation.config !== undefined) struct["config"] = annotation.config
  return struct
}
