/**
 * The events of the AI SDK's telemetry, as annotations take them. Any member can be missing, and an event whose call asked
 * not to be recorded has none of the content.
 */
import { member, text } from "../../domain/json/UnknownFields.ts"
import * as Exchange from "../../domain/provider/Exchange.ts"
import type { AnnotationInput } from "../../domain/span/Annotation.ts"
import type { SpanKind } from "../../domain/span/SpanKind.ts"

/** An event of any kind. */
export interface TelemetryEvent {
  readonly [name: string]: unknown
  readonly callId?: unknown
  readonly operationId?: unknown
  readonly functionId?: unknown
  readonly recordInputs?: unknown
  readonly recordOutputs?: unknown
}

const kinds: { readonly [operation: string]: SpanKind } = {
  generateText: "workflow",
  streamText: "workflow",
  generateObject: "workflow",
  streamObject: "workflow",
  embed: "embedding",
  embedMany: "embedding"
}

/** The kind and the name of an operation. `undefined` for one that is not recorded. */
export const operation = (event: TelemetryEvent): { readonly kind: SpanKind; readonly name: string } | undefined => {
  const name = text(event.operationId)?.replace(/^ai\./, "")
  const kind = name !== undefined && Object.hasOwn(kinds, name) ? kinds[name] : undefined
  return kind === undefined ? undefined : { kind, name: named(event, name!) }
}

/** A name, after that of the function that the program gave to the call. */
export const named = (event: TelemetryEvent, name: string): string => {
  const functionId = text(event.functionId)
  return functionId === undefined ? name : `${functionId}.${name}`
}

const hidesInput = (event: TelemetryEvent): boolean => event.recordInputs === false
const hidesOutput = (event: TelemetryEvent): boolean => event.recordOutputs === false

/** The session and the user among the properties that the program gave to the call. */
export const labels = (event: TelemetryEvent): { readonly sessionId: unknown; readonly userId: unknown } => {
  const of = (...names: ReadonlyArray<string>): unknown => {
    for (const from of [member(event, "runtimeContext"), member(event, "metadata")]) {
      for (const name of names) {
        const value = text(member(from, name))
        if (value !== undefined) return value
      }
    }
    return undefined
  }
  return {
    sessionId: of("sessionId", "session_id", "session.id", "conversationId", "chatId", "threadId"),
    userId: of("userId", "user_id", "user.id", "usr.id")
  }
}

const settings = [
  "temperature",
  "topP",
  "topK",
  "maxOutputTokens",
  "presencePenalty",
  "frequencyPenalty",
  "stopSequences",
  "seed"
]

/** The parameters of a request, by the names that Datadog's tracer gives them. */
const parameters = (event: TelemetryEvent): { readonly [name: string]: unknown } =>
  Object.fromEntries(settings.flatMap((name) => {
    const value = event[name]
    // Stop sequences are texts of the program.
    return value === undefined || value === null || (typeof value !== "number" && hidesInput(event))
      ? []
      : [[name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value]]
  }))

/** The model of a request, and the provider without its kind of interface: `openai.responses` is `openai`. */
const model = (event: TelemetryEvent): { readonly model?: string; readonly provider?: string } => {
  const name = text(event["modelId"])
  const provider = text(event["provider"])?.split(".", 1)[0]
  return {
    ...(name === undefined ? undefined : { model: name }),
    ...(provider === undefined ? undefined : { provider })
  }
}

/** The start of an operation: the last message of the user, or the texts to embed. */
export const operationInput = (event: TelemetryEvent, kind: SpanKind): AnnotationInput => {
  if (kind === "embedding") {
    const given = event["value"] ?? event["values"]
    const texts: ReadonlyArray<unknown> = Array.isArray(given) ? given : given === undefined ? [] : [given]
    const documents = texts.map((text) => ({ text: String(text) }))
    return { ...model(event), ...(hidesInput(event) || documents.length === 0 ? undefined : { input: documents }) }
  }
  const messages = member(event, "messages") ?? member(event, "prompt")
  const asked = Array.isArray(messages) ? messages.findLast((message) => member(message, "role") === "user") : messages
  const read = hidesInput(event) ? undefined : Exchange.read(asked, "input").value.messages?.at(-1)?.content
  return { ...(read === undefined || read === "" ? undefined : { input: read }), metadata: parameters(event) }
}

/** The end of an operation. Token counts belong to the calls of the model; an embedding has its own. */
export const operationOutput = (event: TelemetryEvent, kind: SpanKind): AnnotationInput => {
  if (kind === "embedding") {
    const vectors = event["embedding"] ?? event["embeddings"]
    const tokens = member(event["usage"], "tokens")
    const isHidden = hidesOutput(event) || vectors === undefined
    return {
      ...(isHidden
        ? undefined
        : {
          output: Array.isArray((vectors as ReadonlyArray<unknown>)[0])
            ? { embeddings: vectors }
            : { embedding: vectors }
        }),
      ...(typeof tokens === "number" && !Number.isNaN(tokens) ? { metrics: { inputTokens: tokens } } : undefined)
    }
  }
  const said = text(event["text"]) ?? event["object"]
  return hidesOutput(event) || said === undefined ? {} : { output: said as {} }
}

/** The request of a call of the model. */
export const request = (event: TelemetryEvent): AnnotationInput => ({
  ...model(event),
  metadata: parameters(event),
  ...(hidesInput(event) ? undefined : {
    input: {
      model: { modelId: event["modelId"] },
      messages: event["messages"] ?? event["promptMessages"] ?? [],
      instructions: event["instructions"],
      tools: event["tools"]
    }
  })
})

/** The answer of the model, whole or streamed. */
export const answer = (event: TelemetryEvent): AnnotationInput => {
  const content = event["content"] ?? (text(event["objectText"]) && [{ type: "text", text: event["objectText"] }])
  const first = member(event["performance"], "timeToFirstOutputMs") ?? event["msToFirstChunk"]
  const isHidden = hidesOutput(event) || content === undefined
  return {
    ...model({ modelId: event["modelId"] ?? member(event["response"], "modelId") }),
    output: {
      content: isHidden ? [] : content,
      finishReason: event["finishReason"] ?? "",
      usage: event["usage"]
    },
    ...(typeof first === "number" ? { metrics: { timeToFirstToken: first / 1_000 } } : undefined)
  }
}

/** Whether the model asked for tools, after which the operation goes on. */
export const asksForTools = (event: TelemetryEvent): boolean => event["finishReason"] === "tool-calls"

/** The start of a tool. */
export const toolInput = (event: TelemetryEvent): AnnotationInput => {
  const call = event["toolCall"]
  const id = text(member(call, "toolCallId"))
  return {
    ...(hidesInput(event) ? undefined : { input: member(call, "input") as {} }),
    ...(id === undefined ? undefined : { metadata: { tool_call_id: id } })
  }
}

/** The result of a tool, and its error if it failed. */
export const toolOutput = (
  event: TelemetryEvent
): { readonly annotation: AnnotationInput; readonly error: unknown } => {
  const given = event["toolOutput"]
  if (member(given, "type") === "tool-error") {
    return { annotation: {}, error: member(given, "error") ?? new Error("The tool failed.") }
  }
  return { annotation: hidesOutput(event) ? {} : { output: member(given, "output") as {} }, error: undefined }
}
