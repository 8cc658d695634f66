/**
 * The span event, as the LLM intake stores it.
 *
 * @since 0.1.0
 */
import type { Json } from "../json/JsonSnapshot.ts"
import type { Checked } from "../Problem.ts"
import type { SpanRecord } from "../span/SpanRecord.ts"
import * as Tags from "../span/Tags.ts"
import * as TraceId from "../span/TraceId.ts"
import * as SpanMeta from "./SpanMeta.ts"
import * as Truncation from "./Truncation.ts"
import type { WireFormat } from "./WireFormat.ts"

/**
 * The event as in the intake's JSON body. `start_ns` (Unix nanoseconds) does not fit a JavaScript number, so it is a
 * bigint here and a JSON integer on the wire; `duration` is in nanoseconds.
 *
 * @category models
 * @since 0.1.0
 */
export interface SpanEvent {
  readonly trace_id: string
  readonly span_id: string
  readonly parent_id: string
  readonly name: string
  readonly start_ns: bigint
  readonly duration: number
  readonly status: "ok" | "error"
  readonly meta: { readonly [key: string]: Json }
  readonly metrics: { readonly [key: string]: number }
  readonly tags: ReadonlyArray<string>
  readonly session_id?: string
  readonly span_links?: ReadonlyArray<Json>
  readonly config?: Json
  readonly collection_errors?: ReadonlyArray<string>
  readonly _dd: { readonly [key: string]: string }
}

/**
 * The members of an event that a writer of JSON does not write by itself: content is packed already, tags are the same in
 * many events, and the start is no JavaScript number.
 *
 * @category models
 * @since 0.2.0
 */
export type Frame = Omit<SpanEvent, "meta" | "start_ns" | "tags">

/**
 * Renders the {@link Frame} of an event.
 *
 * **Details**
 *
 * `_dd.trace_id` and `_dd.apm_trace_id` both hold the APM trace id; the LLM trace id is the top-level `trace_id`.
 *
 * @category combinators
 * @since 0.2.0
 */
export const frame = (record: SpanRecord): Frame => {
  const { annotation, context, error } = record
  const dd = SpanMeta.reserved(record)
  dd["span_id"] = context.spanId
  const apmTraceId = TraceId.toText(context.apmTraceId)
  dd["trace_id"] = apmTraceId
  dd["apm_trace_id"] = apmTraceId
  return {
    trace_id: context.traceId,
    span_id: context.spanId,
    parent_id: context.parentId,
    name: context.name,
    duration: record.durationNs,
    status: error === undefined ? "ok" : "error",
    metrics: annotation.metrics ?? {},
    ...(context.session !== undefined && context.session.value !== ""
      ? { session_id: context.session.value }
      : undefined),
    ...(annotation.spanLinks !== undefined && annotation.spanLinks.length > 0
      ? { span_links: annotation.spanLinks as unknown as ReadonlyArray<Json> }
      : undefined),
    ...(annotation.config !== undefined ? { config: annotation.config } : undefined),
    _dd: dd
  }
}

/**
 * Renders the tags of an event.
 *
 * @category combinators
 * @since 0.2.0
 */
export const tags = ({ error, tags }: SpanRecord, format: WireFormat): ReadonlyArray<string> => {
  const written = format.tagKeys === "dotted" ? tags : Tags.underscored(tags)
  return Tags.render(
    format.errorTags
      ? {
        ...written,
        error: error === undefined ? "0" : "1",
        ...(error?.type ? { error_type: error.type } : undefined)
      }
      : written
  )
}

/**
 * Renders a record into the event.
 *
 * @category combinators
 * @since 0.1.0
 */
export const render = (record: SpanRecord, format: WireFormat): SpanEvent => ({
  ...frame(record),
  start_ns: record.startNs,
  tags: tags(record, format),
  meta: SpanMeta.render(record, format)
})

/**
 * {@link render} as a checked value. An event above `maxBytes` is shrunk, and a problem reports it.
 *
 * @category combinators
 * @since 0.1.0
 */
export const checked = (record: SpanRecord, format: WireFormat, maxBytes?: number): Checked<SpanEvent> =>
  Truncation.shrink(render(record, format), maxBytes)
