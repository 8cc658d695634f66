/**
 * Spans by OpenTelemetry's conventions for generative AI (`gen_ai.*`), in their present form and their earlier ones.
 *
 * **Details**
 *
 * Messages are read from the JSON attributes, else from the events on the span, else from the indexed attributes
 * (`gen_ai.prompt.0.content`). A span without an operation name counts as a model call only if it has content or token
 * counts beside the model.
 *
 * @since 0.2.0
 */
import * as JsonSnapshot from "../json/JsonSnapshot.ts"
import * as Exchange from "../provider/Exchange.ts"
import * as Tools from "../provider/Tools.ts"
import type { AnnotationInput } from "../span/Annotation.ts"
import type { SpanKind } from "../span/SpanKind.ts"
import * as AttributeReader from "./AttributeReader.ts"
import * as GenAiEvents from "./GenAiEvents.ts"
import * as GenAiUsage from "./GenAiUsage.ts"
import * as IndexedAttributes from "./IndexedAttributes.ts"
import type { Attributes, OtelSpan } from "./OtelSpan.ts"
import type { SpanReading } from "./SpanReading.ts"

const kinds: { readonly [operation: string]: SpanKind } = {
  chat: "llm",
  text_completion: "llm",
  generate_content: "llm",
  completion: "llm",
  embeddings: "embedding",
  embedding: "embedding",
  retrieval: "retrieval",
  rerank: "retrieval",
  search_memory: "retrieval",
  execute_tool: "tool",
  invoke_agent: "agent",
  create_agent: "agent",
  invoke_workflow: "workflow",
  plan: "task",
  create_memory: "task",
  update_memory: "task",
  upsert_memory: "task",
  delete_memory: "task",
  fetch_response: "task"
}

const operationOf = (attributes: Attributes): string | undefined =>
  AttributeReader.text(attributes, "gen_ai.operation.name", "llm.request.type")

/**
 * Whether the conventions know a span.
 *
 * @category guards
 * @since 0.2.0
 */
export const matches = ({ attributes, events = [] }: OtelSpan): boolean =>
  operationOf(attributes) !== undefined || isModelCall({ ...GenAiEvents.details(events), ...attributes }, events)

/**
 * Reads a span. `undefined` if the conventions do not know it.
 *
 * @category constructors
 * @since 0.2.0
 */
export const read = ({ attributes, events = [] }: OtelSpan): SpanReading | undefined => {
  const operation = operationOf(attributes)
  const details = GenAiEvents.details(events)
  const all = details === undefined ? attributes : { ...details, ...attributes }
  const kind = operation === undefined ? undefined : Object.hasOwn(kinds, operation) ? kinds[operation] : "workflow"
  if (kind === undefined && !isModelCall(all, events)) return undefined
  return fields[kind ?? "llm"]!(all, events, kind ?? "llm")
}

const isModelCall = (attributes: Attributes, events: OtelSpan["events"]): boolean =>
  AttributeReader.text(attributes, "gen_ai.request.model", "gen_ai.response.model") !== undefined && (
    Object.keys(attributes).some((key) =>
      /^gen_ai\.(?:prompt|completion|usage|input\.messages|output\.messages)/.test(key)
    ) ||
    GenAiEvents.isThere(events)
  )

const common = (attributes: Attributes): Partial<SpanReading> => ({
  sessionId: AttributeReader.text(attributes, "gen_ai.conversation.id", "session.id"),
  userId: AttributeReader.text(attributes, "user.id", "enduser.id"),
  metadata: metadata(attributes)
})

const model = (attributes: Attributes): Partial<SpanReading> => ({
  model: AttributeReader.text(attributes, "gen_ai.response.model", "gen_ai.request.model"),
  provider: AttributeReader.text(attributes, "gen_ai.provider.name", "gen_ai.system"),
  metrics: GenAiUsage.read(attributes)
})

type Events = NonNullable<OtelSpan["events"]>
type Fields = (attributes: Attributes, events: Events, kind: SpanKind) => SpanReading

const llm: Fields = (attributes, events) => ({
  kind: "llm",
  ...common(attributes),
  ...model(attributes),
  ...definitions(attributes),
  input: input(attributes, events),
  output: output(attributes, events),
  prompt: promptOf(attributes)
})

const embedding: Fields = (attributes) => ({
  kind: "embedding",
  ...common(attributes),
  ...model(attributes),
  input: AttributeReader.json(attributes, "gen_ai.embeddings.input") ??
    IndexedAttributes.list(attributes, "gen_ai.prompt") ??
    (AttributeReader.json(attributes, "gen_ai.input.messages") as AnnotationInput["input"])
})

const tool: Fields = (attributes) => ({
  kind: "tool",
  name: AttributeReader.text(attributes, "gen_ai.tool.name"),
  ...common(attributes),
  input: AttributeReader.value(attributes, "gen_ai.tool.call.arguments") as AnnotationInput["input"],
  output: AttributeReader.value(attributes, "gen_ai.tool.call.result") as AnnotationInput["output"]
})

const retrieval: Fields = (attributes) => ({
  kind: "retrieval",
  ...common(attributes),
  input: AttributeReader.text(attributes, "gen_ai.retrieval.query.text", "gen_ai.memory.query.text"),
  output: AttributeReader.list(attributes, "gen_ai.retrieval.documents", "gen_ai.memory.records")
})

const value: Fields = (attributes, events, kind) => ({
  kind,
  name: kind === "agent"
    ? AttributeReader.text(attributes, "gen_ai.agent.name")
    : AttributeReader.text(attributes, "gen_ai.workflow.name", "gen_ai.agent.name"),
  agentName: kind === "agent" ? AttributeReader.text(attributes, "gen_ai.agent.name") : undefined,
  ...common(attributes),
  input: asValue(input(attributes, events), "input"),
  output: asValue(output(attributes, events), "output")
})

const fields: { readonly [K in SpanKind]: Fields } = {
  llm,
  embedding,
  tool,
  retrieval,
  agent: value,
  workflow: value,
  task: value,
  experiment: value
}

// A side that is no chat shows its messages alone; a single one shows its text.
const asValue = (side: unknown, name: Exchange.Side): AnnotationInput["input"] => {
  if (side === undefined) return undefined
  const messages = Exchange.read(side, name).value.messages
  const [only] = messages ?? []
  return messages?.length === 1 && Object.keys(only!).length === 2 && only!.content !== undefined
    ? only!.content
    : messages
}

const input = (attributes: Attributes, events: Events): AnnotationInput["input"] => {
  const messages = listed(AttributeReader.json(attributes, "gen_ai.input.messages")) ??
    GenAiEvents.input(events) ??
    IndexedAttributes.messages(attributes, "gen_ai.prompt")
  const system = AttributeReader.json(attributes, "gen_ai.system_instructions")
  if (system === undefined) return messages
  const parts = Array.isArray(system) ? { parts: system } : { content: system }
  return [{ role: "system", ...parts }, ...messages ?? []]
}

const output = (attributes: Attributes, events: Events): AnnotationInput["output"] =>
  listed(AttributeReader.json(attributes, "gen_ai.output.messages")) ??
    GenAiEvents.output(events) ??
    IndexedAttributes.messages(attributes, "gen_ai.completion")

const listed = (messages: unknown): ReadonlyArray<unknown> | undefined =>
  messages === undefined ? undefined : Array.isArray(messages) ? messages : [messages]

const definitions = (attributes: Attributes): Pick<SpanReading, "toolDefinitions"> => {
  const given = AttributeReader.list(attributes, "gen_ai.tool.definitions") ??
    IndexedAttributes.list(attributes, "llm.request.functions")
  const read = Tools.read(JsonSnapshot.take(given?.map(withSchema)).value)
  return { toolDefinitions: read.length === 0 ? undefined : read }
}

// A definition whose schema is a JSON text.
const withSchema = (tool: unknown): unknown =>
  AttributeReader.isObject(tool) && typeof tool["parameters"] === "string"
    ? { ...tool, parameters: AttributeReader.parsed(tool["parameters"]) }
    : tool

const promptOf = (attributes: Attributes): SpanReading["prompt"] => {
  const id = AttributeReader.text(attributes, "gen_ai.prompt.name")
  if (id === undefined) return undefined
  return { id, version: AttributeReader.text(attributes, "gen_ai.prompt.version") }
}

// Attributes whose metadata have another name.
const named: { readonly [attribute: string]: string } = {
  "gen_ai.response.finish_reasons": "finish_reason",
  "anthropic.message.stop_reason": "finish_reason",
  "gen_ai.response.id": "response_id",
  "gen_ai.output.type": "output_type",
  "gen_ai.tool.call.id": "tool_id",
  "gen_ai.tool.description": "tool_description",
  "gen_ai.tool.type": "tool_type",
  "gen_ai.agent.id": "agent_id",
  "gen_ai.agent.description": "agent_description",
  "gen_ai.agent.version": "agent_version",
  "gen_ai.retrieval.top_k": "top_k",
  "gen_ai.data_source.id": "data_source_id"
}

const metadata = (attributes: Attributes): SpanReading["metadata"] => {
  const found: { [key: string]: unknown } = {
    ...AttributeReader.object(attributes, "_dd.ml_obs.metadata"),
    ...AttributeReader.below(attributes, "gen_ai.request.")
  }
  delete found["model"]
  for (const attribute of Object.keys(named)) {
    const given = AttributeReader.value(attributes, attribute)
    if (given !== undefined) found[named[attribute]!] ??= Array.isArray(given) && given.length === 1 ? given[0] : given
  }
  return Object.keys(found).length === 0 ? undefined : found
}
