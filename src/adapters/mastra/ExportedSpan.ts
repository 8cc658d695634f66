/**
 * The spans that Mastra exports, as annotations take them. Any member can be missing, because a program can filter them.
 */
import * as JsonSnapshot from "../../domain/json/JsonSnapshot.ts"
import { member, text } from "../../domain/json/UnknownFields.ts"
import * as Tools from "../../domain/provider/Tools.ts"
import type { AnnotationInput } from "../../domain/span/Annotation.ts"
import type { SpanKind } from "../../domain/span/SpanKind.ts"

/** A span of any type. */
export interface ExportedSpan {
  readonly id: string
  readonly parentSpanId?: unknown
  readonly name?: unknown
  readonly type?: unknown
  readonly startTime?: unknown
  readonly endTime?: unknown
  readonly attributes?: unknown
  readonly metadata?: unknown
  readonly requestContext?: unknown
  readonly tags?: unknown
  readonly input?: unknown
  readonly output?: unknown
  readonly errorInfo?: unknown
  readonly isEvent?: unknown
}

const attribute = (span: ExportedSpan, name: string): unknown => member(span.attributes, name)

const kinds: { readonly [type: string]: SpanKind } = {
  agent_run: "agent",
  model_generation: "workflow",
  model_inference: "llm",
  tool_call: "tool",
  mcp_tool_call: "tool",
  client_tool_call: "tool",
  provider_tool_call: "tool",
  workflow_run: "workflow",
  rag_embedding: "embedding"
}

/**
 * The kind of a span. `undefined` for one without a span here: a step only holds its call and the tools that the call asked
 * for, and the chunks of an answer are in its output.
 */
export const kindOf = (span: ExportedSpan): SpanKind | undefined => {
  const type = text(span.type)
  if (type === undefined || type === "model_step" || type === "model_chunk") return undefined
  if (type === "rag_vector_operation" && attribute(span, "operation") === "query") return "retrieval"
  return Object.hasOwn(kinds, type) ? kinds[type] : "task"
}

/** The name of a span, as Mastra gives it. */
export const nameOf = (span: ExportedSpan, otherwise: string): string => text(span.name) ?? otherwise

/** A time in Unix nanoseconds. A span that was stored has texts. */
export const timeOf = (time: unknown): bigint | undefined => {
  const millis = time instanceof Date ? time.getTime() : typeof time === "string" ? Date.parse(time) : Number.NaN
  return Number.isSafeInteger(millis) && millis >= 0 ? BigInt(millis) * 1_000_000n : undefined
}

/** The session and the user that the metadata of a span or the context of the request names. A thread is a session. */
export const labels = (span: ExportedSpan): { readonly sessionId: unknown; readonly userId: unknown } => {
  const of = (...names: ReadonlyArray<string>): unknown => {
    for (const from of [span.metadata, span.attributes, span.requestContext]) {
      for (const name of names) {
        const value = text(member(from, name))
        if (value !== undefined) return value
      }
    }
    return undefined
  }
  return {
    sessionId: of("sessionId", "session_id", "conversationId", "threadId", "thread_id"),
    userId: of("userId", "user_id")
  }
}

/** The tags of a trace: texts such as `team:shop`, or without a value. */
export const tags = (span: ExportedSpan): { readonly [key: string]: string } => {
  const given: ReadonlyArray<unknown> = Array.isArray(span.tags) ? span.tags : []
  const named = given.flatMap((tag) => {
    const said = text(tag)
    const colon = said?.indexOf(":") ?? -1
    if (said === undefined || colon === 0) return []
    return [colon < 0 ? [said, "true"] as const : [said.slice(0, colon), said.slice(colon + 1)] as const]
  })
  return { ...Object.fromEntries(named), integration: "mastra" }
}

/** Whether the model failed. Mastra then names the error on the agent alone. */
export const hasFailedAnswer = (span: ExportedSpan): boolean => attribute(span, "finishReason") === "error"

/** Whether the span tells the token counts of a call. */
export const hasUsage = (span: ExportedSpan): boolean =>
  Object.keys(attribute(span, "usage") as object | undefined ?? {}).length > 0

/** The failure of a span, if it has one. */
export const failureOf = (span: ExportedSpan): { readonly error?: unknown; readonly interrupted?: boolean } => {
  const error = span.errorInfo
  if (error === undefined || error === null) {
    return attribute(span, "status") === "canceled"
      ? { interrupted: true }
      : {}
  }
  return member(error, "name") === "AbortError" ? { interrupted: true } : { error }
}

const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

// They have places of their own, or repeat the content.
const described = new Set([
  "usage",
  "model",
  "provider",
  "parameters",
  "tools",
  "availableTools",
  "instructions",
  "finishReason",
  "completionStartTime",
  "warnings",
  "toolDescription"
])

const metadata = (span: ExportedSpan): { readonly [key: string]: unknown } =>
  Object.fromEntries(
    Object.entries({ ...span.metadata as object | undefined, ...span.attributes as object | undefined }).filter(
      ([name, value]) => !described.has(name) && value !== undefined && value !== null
    )
  )

const parameters = (span: ExportedSpan): { readonly [key: string]: unknown } =>
  Object.fromEntries(
    Object.entries(attribute(span, "parameters") as object | undefined ?? {}).flatMap(([name, value]) =>
      name === "maxRetries" || value === undefined || value === null ? [] : [[snake(name), value]]
    )
  )

/** The model, and the provider without its kind of interface: `openai.responses` is `openai`. */
const model = (span: ExportedSpan): AnnotationInput => {
  const name = text(attribute(span, "responseModel")) ?? text(attribute(span, "model"))
  const provider = text(attribute(span, "provider"))?.split(".", 1)[0]
  return {
    ...(name === undefined ? undefined : { model: name }),
    ...(provider === undefined ? undefined : { provider })
  }
}

/** The tools that a generation offers to its calls. */
export const toolsOf = (span: ExportedSpan): ReadonlyArray<Tools.OfferedTool> =>
  Tools.read(JsonSnapshot.take(attribute(span, "tools")).value)

/** The part of a generation that its calls have in common, and the input of the first one. */
export interface Asked {
  readonly model?: unknown
  readonly provider?: unknown
  readonly parameters?: unknown
  readonly input?: unknown
}

/** The request of a generation, which its calls share. */
export const asked = (span: ExportedSpan): Asked => ({
  model: attribute(span, "model"),
  provider: attribute(span, "provider"),
  parameters: attribute(span, "parameters"),
  input: span.input
})

const offered = (
  span: ExportedSpan,
  tools: ReadonlyArray<Tools.OfferedTool>
): ReadonlyArray<Tools.OfferedTool> => {
  const names = attribute(span, "availableTools")
  return Array.isArray(names) ? tools.filter(({ name }) => names.includes(name)) : tools
}

const input = (given: unknown): AnnotationInput => given === undefined || given === null ? {} : { input: given }

const output = (given: unknown): AnnotationInput => given === undefined || given === null ? {} : { output: given }

/** The messages of a call of the model, or the body of its request. A step that does not know them has an empty object. */
export const messages = (given: unknown): AnnotationInput => {
  const said = member(given, "messages") ?? member(given, "body") ?? given
  return typeof said === "object" && said !== null && Object.keys(said).length === 0 ? {} : input(said)
}

/** The request of a call of the model, whose generation offers tools. */
export const request = (
  span: ExportedSpan,
  tools: ReadonlyArray<Tools.OfferedTool>,
  asked: Asked
): AnnotationInput => {
  const toolDefinitions = offered(span, tools)
  const isFirst = (attribute(span, "stepIndex") ?? 0) === 0
  return {
    ...model(span),
    ...(isFirst ? messages(asked.input) : undefined),
    ...messages(span.input),
    ...(toolDefinitions.length === 0 ? undefined : { toolDefinitions }),
    metadata: parameters(span)
  }
}

/** The answer of a call of the model. */
export const answer = (span: ExportedSpan): AnnotationInput => {
  const calls = member(span.output, "toolCalls")
  const object = member(span.output, "object")
  const said = text(member(span.output, "text"))
  const first = timeOf(attribute(span, "completionStartTime"))
  const start = timeOf(span.startTime)
  const reasoning = member(span.output, "reasoning")
  const thought = text(reasoning) ?? (Array.isArray(reasoning)
    ? text(reasoning.map((part) => text(part) ?? text(member(part, "text")) ?? "").join(""))
    : undefined)
  return {
    ...model(span),
    output: {
      content: [
        ...(thought === undefined ? [] : [{ type: "reasoning", text: thought }]),
        ...(said === undefined
          ? object === undefined || object === null ? [] : [{ type: "object", object }]
          : [{ type: "text", text: said }]),
        ...(Array.isArray(calls) ? calls.map((call) => ({ ...call as object, type: "tool-call" })) : [])
      ],
      finishReason: attribute(span, "finishReason") ?? "",
      usage: attribute(span, "usage")
    },
    // In a later step, Mastra can name the time of the first one.
    ...(first !== undefined && start !== undefined && first >= start
      ? { metrics: { timeToFirstToken: Number(first - start) / 1e9 } }
      : undefined)
  }
}

const documents = (given: unknown): ReadonlyArray<{ readonly text: string; readonly id?: string }> =>
  (Array.isArray(given) ? given : given === undefined || given === null ? [] : [given]).map((item: unknown) => {
    const id = text(member(item, "id"))
    const said = text(item) ?? text(member(item, "document")) ?? text(member(item, "text")) ??
      text(member(member(item, "metadata"), "text")) ?? ""
    return { text: said, ...(id === undefined ? undefined : { id }) }
  })

/** The start of a span other than a call of the model. */
export const start = (span: ExportedSpan, kind: SpanKind): AnnotationInput => {
  if (kind === "embedding") {
    const given = documents(member(span.input, "values") ?? member(span.input, "value") ?? span.input)
    return { ...model(span), ...(given.length === 0 ? undefined : { input: given }), metadata: metadata(span) }
  }
  return { ...input(span.input), metadata: metadata(span) }
}

/** The end of a span other than a call of the model. Token counts are those of calls and embeddings. */
export const end = (span: ExportedSpan, kind: SpanKind): AnnotationInput => {
  if (kind === "retrieval") {
    const found = member(span.output, "results") ?? span.output
    return { ...(Array.isArray(found) ? { output: documents(found) } : undefined), metadata: metadata(span) }
  }
  if (kind === "embedding") {
    const tokens = member(attribute(span, "usage"), "inputTokens")
    return {
      ...output(span.output),
      ...(typeof tokens === "number" ? { metrics: { inputTokens: tokens } } : undefined),
      metadata: metadata(span)
    }
  }
  const said = span.type === "model_generation" || span.type === "agent_run"
    ? text(member(span.output, "text")) ?? member(span.output, "object") ?? span.output
    : span.output
  return { ...output(said), metadata: metadata(span), ...(kind === "agent" ? { manifest: manifest(span) } : undefined) }
}

const manifest = (span: ExportedSpan): NonNullable<AnnotationInput["manifest"]> => {
  const name = text(member(span, "entityName"))
  const instructions = text(attribute(span, "instructions"))
  const tools = attribute(span, "availableTools")
  return {
    framework: "Mastra",
    ...(name === undefined ? undefined : { name }),
    ...(instructions === undefined ? undefined : { instructions }),
    ...(Array.isArray(tools)
      ? { tools: tools.flatMap((tool) => text(tool) ?? []).map((name) => ({ name })) }
      : undefined)
  }
}
