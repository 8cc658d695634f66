/**
 * An event as a span of OTLP, with the attributes of the `gen_ai` conventions that Datadog converts back into an event.
 *
 * **Details**
 *
 * The conversion knows fewer things than an event has: docs/otlp.md lists them.
 *
 * @since 0.2.0
 */
import type { EventView, SideView } from "../event/EventView.ts"
import type { Json, JsonObject } from "../json/JsonSnapshot.ts"

/**
 * An attribute of OTLP's JSON form.
 *
 * @category models
 * @since 0.2.0
 */
export interface OtlpAttribute {
  readonly key: string
  readonly value:
    | { readonly stringValue: string }
    | { readonly boolValue: boolean }
    | { readonly intValue: string }
    | { readonly doubleValue: number }
    | { readonly arrayValue: { readonly values: ReadonlyArray<{ readonly stringValue: string }> } }
}

/**
 * The times of a span, which an event has as text or as a number that is not exact.
 *
 * @category models
 * @since 0.2.0
 */
export interface Times {
  readonly startNs: bigint
  readonly durationNs: number
}

const operations: { readonly [kind: string]: string } = {
  llm: "chat",
  embedding: "embeddings",
  retrieval: "retrieval",
  tool: "execute_tool",
  agent: "invoke_agent",
  workflow: "invoke_workflow"
}

const usage: ReadonlyArray<readonly [metric: string, attribute: string]> = [
  ["input_tokens", "gen_ai.usage.input_tokens"],
  ["output_tokens", "gen_ai.usage.output_tokens"],
  ["total_tokens", "gen_ai.usage.total_tokens"],
  ["cache_read_input_tokens", "gen_ai.usage.cache_read.input_tokens"],
  ["cache_write_input_tokens", "gen_ai.usage.cache_write.input_tokens"],
  ["reasoning_output_tokens", "gen_ai.usage.reasoning.output_tokens"],
  ["time_to_first_token", "gen_ai.response.time_to_first_chunk"]
]

/**
 * Renders a span. Ids of the event become hexadecimal, and metadata and other metrics go into `_dd.ml_obs.metadata`.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (view: EventView, { durationNs, startNs }: Times): JsonObject => {
  const end = startNs + BigInt(Math.max(0, Math.round(durationNs)))
  return {
    traceId: view.traceId,
    spanId: hexOf(view.spanId),
    ...(view.parentId === undefined ? undefined : { parentSpanId: hexOf(view.parentId) }),
    name: view.name,
    // A client calls a model that runs elsewhere.
    kind: view.kind === "llm" || view.kind === "embedding" ? 3 : 1,
    startTimeUnixNano: String(startNs),
    endTimeUnixNano: String(end),
    attributes: attributesOf(view) as unknown as ReadonlyArray<Json>,
    status: view.error === undefined ? {} : { code: 2, message: view.error.message }
  }
}

/**
 * The attributes of the resource: Datadog takes the application from `service.name`.
 *
 * @category constructors
 * @since 0.2.0
 */
export const resource = (view: EventView): ReadonlyArray<OtlpAttribute> =>
  compact([
    text("service.name", view.mlApp),
    text("service.version", view.tags["version"]),
    text("deployment.environment.name", view.tags["env"])
  ])

const attributesOf = (view: EventView): ReadonlyArray<OtlpAttribute> => {
  const counted = new Set(usage.map(([metric]) => metric))
  const metrics = Object.entries(view.metrics).filter(([metric]) => !counted.has(metric))
  const metadata = {
    ...view.metadata,
    ...(metrics.length === 0 ? undefined : { metrics: Object.fromEntries(metrics) })
  }
  return compact([
    { key: "dd_llmobs_enabled", value: { boolValue: true } },
    text("gen_ai.operation.name", operations[view.kind] ?? view.kind),
    // A missing provider is shown as one that does not exist.
    text("gen_ai.provider.name", view.provider ?? (view.kind === "llm" ? "unknown" : undefined)),
    text("gen_ai.request.model", view.model),
    text("gen_ai.response.model", view.model),
    text("gen_ai.conversation.id", view.sessionId),
    ...sides(view),
    json("gen_ai.tool.definitions", view.toolDefinitions),
    ...usage.map(([metric, attribute]) => number(attribute, view.metrics[metric])),
    text("error.type", view.error?.type),
    text("exception.message", view.error?.message),
    json("_dd.ml_obs.metadata", Object.keys(metadata).length === 0 ? undefined : metadata),
    ...Object.entries(view.tags).map(([key, value]) => reserved.has(key) ? undefined : text(key, value))
  ])
}

// Tags that the resource or another attribute has.
const reserved = new Set(["ml_app", "agent_service", "env", "version", "session_id", "error", "error_type"])

const sides = (view: EventView): ReadonlyArray<OtlpAttribute | undefined> => {
  const { input, kind, name, output } = view
  switch (kind) {
    case "tool":
      return [
        text("gen_ai.tool.name", name),
        text("gen_ai.tool.call.arguments", valueOf(input)),
        text("gen_ai.tool.call.result", valueOf(output))
      ]
    case "retrieval":
      return [
        text("gen_ai.retrieval.query.text", valueOf(input)),
        json(
          "gen_ai.retrieval.documents",
          output.documents?.map(({ text, ...document }) => ({ content: text!, ...document }))
        )
      ]
    default:
      return [
        kind === "agent" ? text("gen_ai.agent.name", name) : undefined,
        kind === "workflow" ? text("gen_ai.workflow.name", name) : undefined,
        json("gen_ai.input.messages", messagesOf(input, "user")),
        json("gen_ai.output.messages", messagesOf(output, "assistant"))
      ]
  }
}

const messagesOf = ({ documents, messages, value }: SideView, role: string): ReadonlyArray<JsonObject> | undefined => {
  if (messages !== undefined) {
    return messages.map((message) => ({ role: message["role"] ?? role, parts: partsOf(message) }))
  }
  if (documents !== undefined) return [{ role, parts: documents.map(({ text }) => textPart(text)) }]
  return value === undefined ? undefined : [{ role, parts: [textPart(value)] }]
}

const partsOf = (message: JsonObject): ReadonlyArray<JsonObject> => {
  const list = (key: string): ReadonlyArray<JsonObject> => (message[key] ?? []) as ReadonlyArray<JsonObject>
  const content = message["content"]
  return [
    ...(content === undefined || content === ""
      ? []
      : [message["role"] === "reasoning" ? { type: "reasoning", content } : textPart(content)]),
    ...list("tool_calls").map(({ arguments: given, name, tool_id }) => ({
      type: "tool_call",
      ...(tool_id === undefined ? undefined : { id: tool_id }),
      name: name ?? "",
      arguments: given ?? {}
    })),
    ...list("tool_results").map(({ result, tool_id }) => ({
      type: "tool_call_response",
      ...(tool_id === undefined ? undefined : { id: tool_id }),
      response: result ?? ""
    })),
    ...[...list("image_parts"), ...list("audio_parts")].filter(({ content }) => content !== undefined).map((part) => ({
      type: "blob",
      mime_type: part["mime_type"] ?? "",
      content: part["content"]!
    }))
  ]
}

const textPart = (content: Json | undefined): JsonObject => ({
  type: "text",
  content: typeof content === "string" ? content : JSON.stringify(content ?? "")
})

const valueOf = ({ value }: SideView): string | undefined =>
  value === undefined || typeof value === "string" ? value : JSON.stringify(value)

const hexOf = (decimal: string): string =>
  /^\d{1,20}$/.test(decimal) ? BigInt(decimal).toString(16).padStart(16, "0") : ""

const text = (key: string, value: string | undefined): OtlpAttribute | undefined =>
  value === undefined || value === "" ? undefined : { key, value: { stringValue: value } }

const json = (key: string, value: unknown): OtlpAttribute | undefined =>
  value === undefined ? undefined : { key, value: { stringValue: JSON.stringify(value) } }

const number = (key: string, value: number | undefined): OtlpAttribute | undefined =>
  value === undefined
    ? undefined
    : { key, value: Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value } }

const compact = (attributes: ReadonlyArray<OtlpAttribute | undefined>): ReadonlyArray<OtlpAttribute> =>
  attributes.filter((attribute) => attribute !== undefined)
