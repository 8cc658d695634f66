/**
 * A delivered span as tests and tools read it: plain JSON with the names of TypeScript, whatever road it took.
 *
 * @since 0.2.0
 */
import * as JsonFields from "../json/JsonFields.ts"
import type { Json, JsonObject } from "../json/JsonSnapshot.ts"
import * as JsonSnapshot from "../json/JsonSnapshot.ts"
import * as SpanContext from "../span/SpanContext.ts"
import * as SpanKinds from "../span/SpanKind.ts"
import type { SpanKind } from "../span/SpanKind.ts"

/**
 * A span that was delivered. A key that has nothing to say is left out, so the value equals what JSON makes of it.
 *
 * **Details**
 *
 * `input` and `output` are lists of messages or documents, a text, or (on spans of experiments) any JSON. Times are in
 * milliseconds, `startMillis` since the Unix epoch; ids are texts.
 *
 * @category models
 * @since 0.2.0
 */
export interface ObservedSpan {
  readonly kind: SpanKind
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  /** Left out at the root of an LLM trace. */
  readonly parentId?: string
  /** Where the parent was found, if that is known: in this process, or in the headers of a request. */
  readonly parentSource?: "parent" | "propagated"
  readonly apmTraceId: string
  /** In the APM trace, or to the intake by itself. */
  readonly route: "trace" | "intake"
  /** The account that it went to, where that is not the layer's own. */
  readonly account?: string
  readonly startMillis: number
  readonly durationMillis: number
  readonly status: "ok" | "error"
  readonly error?: { readonly type: string; readonly message: string; readonly stack: string }
  readonly mlApp?: string
  readonly sessionId?: string
  readonly userId?: string
  readonly accountId?: string
  readonly model?: string
  readonly provider?: string
  readonly input?: Json
  readonly output?: Json
  readonly expectedOutput?: Json
  readonly prompt?: Json
  readonly toolDefinitions?: Json
  readonly toolVersion?: string
  readonly intent?: string
  readonly spanLinks?: Json
  readonly config?: Json
  readonly metadata: JsonObject
  /** By the names that they have in the event, such as `input_tokens`. */
  readonly metrics: { readonly [name: string]: number }
  readonly tags: { readonly [name: string]: string }
  /** Parts that were left out because the event was too large. */
  readonly collectionErrors?: ReadonlyArray<string>
}

/**
 * The facts about a delivery beside the event itself.
 *
 * @category models
 * @since 0.2.0
 */
export interface Passage {
  readonly route: ObservedSpan["route"]
  readonly account?: string | undefined
  readonly parentSource?: "parent" | "propagated" | undefined
}

// Whole microseconds, since a JavaScript number does not hold Unix nanoseconds; and no negative zero, which JSON lacks.
const millis = (nanoseconds: number | undefined): number => Math.round((nanoseconds ?? 0) / 1_000) / 1_000 + 0

const ownSide = (meta: JsonObject, key: "input" | "output"): Json | undefined => {
  const side = JsonFields.member(meta, key)
  if (!JsonSnapshot.isObject(side)) return side
  for (const shape of ["messages", "documents", "value"]) {
    if (Object.hasOwn(side, shape)) return side[shape]
  }
  const rest = JsonFields.without(side, ["prompt"])
  return Object.keys(rest).length === 0 ? undefined : rest
}

const tagsOf = (list: ReadonlyArray<Json>): { readonly [name: string]: string } =>
  Object.fromEntries(list.map((tag) => {
    const text = String(tag)
    const colon = text.indexOf(":")
    return colon === -1 ? [text, ""] : [text.slice(0, colon), text.slice(colon + 1)]
  }))

const errorOf = (meta: JsonObject): ObservedSpan["error"] => {
  const error = JsonFields.object(meta, "error")
  return error && {
    type: JsonFields.text(error, "type") ?? "",
    message: JsonFields.text(error, "message") ?? "",
    stack: JsonFields.text(error, "stack") ?? ""
  }
}

const present = <A extends object>(fields: A): A =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as A

/**
 * Reads a span event as the intake has it (see `SpanEvent`), after `JSON.parse`.
 *
 * @category constructors
 * @since 0.2.0
 */
export const fromEvent = (event: JsonObject, passage: Passage): ObservedSpan => {
  const meta = JsonFields.object(event, "meta") ?? {}
  const tags = tagsOf(JsonFields.list(event, "tags") ?? [])
  const parentId = JsonFields.text(event, "parent_id")
  const kind = JsonFields.text(JsonFields.member(meta, "span"), "kind")
  return present({
    kind: SpanKinds.isSpanKind(kind) ? kind : "task",
    name: JsonFields.text(event, "name") ?? "",
    traceId: JsonFields.text(event, "trace_id") ?? "",
    spanId: JsonFields.text(event, "span_id") ?? "",
    parentId: parentId === SpanContext.undefinedParent ? undefined : parentId,
    parentSource: passage.parentSource,
    apmTraceId: JsonFields.text(JsonFields.member(event, "_dd"), "apm_trace_id") ?? "",
    route: passage.route,
    account: passage.account,
    startMillis: millis(JsonFields.number(event, "start_ns")),
    durationMillis: millis(JsonFields.number(event, "duration")),
    status: JsonFields.text(event, "status") === "error" ? "error" : "ok",
    error: errorOf(meta),
    mlApp: tags["ml_app"],
    sessionId: JsonFields.text(event, "session_id"),
    userId: tags["usr.id"],
    accountId: tags["usr.account_id"],
    model: JsonFields.text(meta, "model_name"),
    provider: JsonFields.text(meta, "model_provider"),
    input: ownSide(meta, "input"),
    output: ownSide(meta, "output"),
    expectedOutput: JsonFields.member(meta, "expected_output"),
    prompt: JsonFields.member(JsonFields.member(meta, "input"), "prompt"),
    toolDefinitions: JsonFields.member(meta, "tool_definitions"),
    toolVersion: JsonFields.text(JsonFields.member(meta, "tool"), "version"),
    intent: JsonFields.text(meta, "intent"),
    spanLinks: JsonFields.member(event, "span_links"),
    config: JsonFields.member(event, "config"),
    metadata: JsonFields.object(meta, "metadata") ?? {},
    metrics: (JsonFields.object(event, "metrics") ?? {}) as ObservedSpan["metrics"],
    tags,
    collectionErrors: JsonFields.list(event, "collection_errors") as ReadonlyArray<string> | undefined
  }) as ObservedSpan
}

/**
 * The texts of an input or an output: the content of each message, the text of each document, the text itself. Any other
 * JSON is its JSON text.
 *
 * @category accessors
 * @since 0.2.0
 */
export const texts = (side: Json | undefined): ReadonlyArray<string> => {
  if (side === undefined) return []
  if (typeof side === "string") return [side]
  if (!JsonSnapshot.isArray(side)) return [JSON.stringify(side)]
  return side.map((item) =>
    typeof item === "string" ? item : JsonFields.text(item, "content", "text") ?? JSON.stringify(item)
  )
}

// Counted ids rise as spans start, so spans of one moment stand in the order of their start.
const byId = (a: string, b: string): number => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0)

/**
 * The order in which spans started.
 *
 * @category combinators
 * @since 0.2.0
 */
export const inOrder = (spans: ReadonlyArray<ObservedSpan>): ReadonlyArray<ObservedSpan> =>
  [...spans].sort((a, b) => a.startMillis - b.startMillis || byId(a.spanId, b.spanId))
