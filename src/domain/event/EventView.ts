/**
 * An event as it is read: typed, plain JSON without a bigint, whichever road it came by.
 *
 * **Details**
 *
 * ```ts import.meta.vitest
 * import { EventView } from "effect-llmobs/core"
 *
 * const view = EventView.fromEvent({
 *   trace_id: "6b0c",
 *   span_id: "2",
 *   parent_id: "1",
 *   name: "chat",
 *   start_ns: 1_700_000_000_000_000_000n,
 *   duration: 1_500_000,
 *   status: "ok",
 *   meta: { span: { kind: "llm" }, model_name: "gpt-5", output: { messages: [{ role: "assistant", content: "Hi" }] } },
 *   tags: ["team:ops"]
 * }, "trace")
 * view.durationMillis // => 1.5
 * view.output.messages // => [{ role: "assistant", content: "Hi" }]
 * view.tags["team"] // => "ops"
 * ```
 *
 * @since 0.2.0
 */
import * as JsonFields from "../json/JsonFields.ts"
import type { Json, JsonObject } from "../json/JsonSnapshot.ts"
import * as JsonSnapshot from "../json/JsonSnapshot.ts"
import * as JsonText from "../json/JsonText.ts"

/**
 * The road of an event: on its APM trace, through the Agent's proxy, or straight to the intake.
 *
 * @category models
 * @since 0.2.0
 */
export type Route = "trace" | "evp" | "direct"

/**
 * One side of a span, in the shape of its kind.
 *
 * @category models
 * @since 0.2.0
 */
export interface SideView {
  /** Each as the intake has it: `role`, `content`, `tool_calls`, `tool_results`. */
  readonly messages?: ReadonlyArray<JsonObject>
  readonly documents?: ReadonlyArray<JsonObject>
  /** A text; on the span of an experiment any JSON. */
  readonly value?: Json
}

/**
 * An event. Fields that it lacks are `undefined`.
 *
 * @category models
 * @since 0.2.0
 */
export interface EventView {
  readonly route: Route
  readonly traceId: string
  /** Decimal. */
  readonly spanId: string
  /** `undefined` for a root. */
  readonly parentId: string | undefined
  readonly apmTraceId: string | undefined
  readonly name: string
  readonly kind: string
  readonly status: "ok" | "error"
  readonly error: { readonly type: string; readonly message: string } | undefined
  /** Unix time. */
  readonly startMillis: number
  readonly durationMillis: number
  readonly mlApp: string | undefined
  readonly sessionId: string | undefined
  readonly userId: string | undefined
  readonly accountId: string | undefined
  readonly model: string | undefined
  readonly provider: string | undefined
  readonly input: SideView
  readonly output: SideView
  readonly expectedOutput: Json | undefined
  readonly prompt: JsonObject | undefined
  readonly toolDefinitions: ReadonlyArray<Json> | undefined
  /** Parts that were left out because the event was too large. */
  readonly collectionErrors: ReadonlyArray<Json> | undefined
  readonly metadata: JsonObject
  readonly metrics: { readonly [key: string]: number }
  /** Each key with its last value. */
  readonly tags: { readonly [key: string]: string }
}

/**
 * Reads an event of the intake or of an APM trace. Total: a part that is not of its shape counts as missing.
 *
 * @category constructors
 * @since 0.2.0
 */
export const fromEvent = (event: unknown, route: Route): EventView => {
  const json = JsonSnapshot.take(event, limits).value
  const meta = JsonFields.object(json, "meta") ?? {}
  const tags = tagsOf(JsonFields.list(json, "tags") ?? [])
  const parentId = JsonFields.text(json, "parent_id")
  const isError = JsonFields.text(json, "status") === "error"
  const error = JsonFields.object(meta, "error")
  return {
    route,
    traceId: JsonFields.text(json, "trace_id") ?? "",
    spanId: JsonFields.text(json, "span_id") ?? "",
    parentId: parentId === "undefined" || parentId === "" ? undefined : parentId,
    apmTraceId: JsonFields.text(JsonFields.object(json, "_dd"), "apm_trace_id"),
    name: JsonFields.text(json, "name") ?? "",
    kind: JsonFields.text(JsonFields.object(meta, "span"), "kind") ?? JsonFields.text(meta, "span.kind") ?? "",
    status: isError ? "error" : "ok",
    error: isError
      ? {
        type: JsonFields.text(error, "type") ?? JsonFields.text(meta, "error.type") ?? tags["error_type"] ?? "Error",
        message: JsonFields.text(error, "message") ?? JsonFields.text(meta, "error.message") ?? ""
      }
      : undefined,
    startMillis: millisOf(JsonFields.member(json, "start_ns")),
    durationMillis: millisOf(JsonFields.member(json, "duration")),
    mlApp: tags["ml_app"],
    sessionId: JsonFields.text(json, "session_id"),
    userId: tags["usr.id"],
    accountId: tags["usr.account_id"],
    model: JsonFields.text(meta, "model_name"),
    provider: JsonFields.text(meta, "model_provider"),
    input: sideOf(JsonFields.member(meta, "input")),
    output: sideOf(JsonFields.member(meta, "output")),
    expectedOutput: JsonFields.member(meta, "expected_output"),
    prompt: JsonFields.object(JsonFields.member(meta, "input"), "prompt"),
    toolDefinitions: JsonFields.list(meta, "tool_definitions"),
    collectionErrors: JsonFields.list(json, "collection_errors"),
    metadata: JsonFields.object(meta, "metadata") ?? {},
    metrics: numbersOf(JsonFields.object(json, "metrics") ?? {}),
    tags
  }
}

// The event's own depth of content, below `meta`.
const limits: JsonSnapshot.Limits = { ...JsonSnapshot.defaultLimits, depth: JsonSnapshot.defaultLimits.depth + 2 }

const sideOf = (side: Json | undefined): SideView => {
  const messages = JsonFields.list(side, "messages")?.filter(JsonSnapshot.isObject)
  const documents = JsonFields.list(side, "documents")?.filter(JsonSnapshot.isObject)
  const value = JsonFields.member(side, "value") ??
    (messages === undefined && documents === undefined ? rawOf(side) : undefined)
  return {
    ...(messages === undefined ? undefined : { messages }),
    ...(documents === undefined ? undefined : { documents }),
    ...(value === undefined ? undefined : { value })
  }
}

// An experiment records its sides as they are. The prompt that stands among them is no content of theirs.
const rawOf = (side: Json | undefined): Json | undefined => {
  if (!JsonSnapshot.isObject(side)) return side
  const rest = JsonFields.without(side, ["prompt"])
  return Object.keys(rest).length === 0 ? undefined : rest
}

// Nanoseconds that are no safe integer are decimal text in a snapshot.
const millisOf = (nanos: Json | undefined): number => {
  const millis = typeof nanos === "number" || typeof nanos === "string" ? Number(nanos) / 1e6 : 0
  return Number.isFinite(millis) ? millis : 0
}

const tagsOf = (list: ReadonlyArray<Json>): { readonly [key: string]: string } =>
  Object.fromEntries(list.flatMap((tag) => {
    if (typeof tag !== "string") return []
    const colon = tag.indexOf(":")
    return [[colon < 0 ? tag : tag.slice(0, colon), colon < 0 ? "" : tag.slice(colon + 1)]]
  }))

const numbersOf = (metrics: JsonObject): { readonly [key: string]: number } =>
  Object.fromEntries(
    Object.entries(metrics).filter((entry): entry is [string, number] => typeof entry[1] === "number")
  )

/**
 * The texts of a side: the content of each message, the text of each document, or the value, of which other JSON is its
 * JSON text.
 *
 * @category accessors
 * @since 0.2.0
 */
export const texts = ({ documents, messages, value }: SideView): ReadonlyArray<string> => {
  const items = messages ?? documents
  if (items !== undefined) return items.map((item) => JsonFields.text(item, "content", "text") ?? JSON.stringify(item))
  return value === undefined ? [] : [JsonText.render(value)]
}

/**
 * The events wanted: those whose fields equal the given ones, or for which a function is true.
 *
 * @category models
 * @since 0.2.0
 */
export type Filter =
  | Partial<
    Pick<
      EventView,
      | "route"
      | "traceId"
      | "spanId"
      | "parentId"
      | "name"
      | "kind"
      | "status"
      | "mlApp"
      | "sessionId"
      | "model"
      | "provider"
    >
  >
  | ((event: EventView) => boolean)

/**
 * Whether an event is one of those wanted.
 *
 * @category guards
 * @since 0.2.0
 */
export const matches = (event: EventView, filter: Filter): boolean =>
  typeof filter === "function"
    ? filter(event)
    : (Object.keys(filter) as Array<keyof typeof filter>).every((key) => event[key] === filter[key])
