/**
 * Vercel's AI SDK: results, model messages, messages of its user interface, and the parts of its streams.
 *
 * @since 0.2.0
 */
import type { Transcript } from "../content/Transcript.ts"
import * as JsonFields from "../json/JsonFields.ts"
import type { Json, JsonObject } from "../json/JsonSnapshot.ts"
import type { Dialect } from "./Dialect.ts"
import { reasons } from "./Dialect.ts"
import * as PartStream from "./PartStream.ts"
import * as ToolOutput from "./ToolOutput.ts"

const part = (part: JsonObject, into: Transcript): boolean => {
  const type = JsonFields.text(part, "type")
  if (type === undefined) return false
  const id = JsonFields.text(part, "toolCallId")
  const name = JsonFields.text(part, "toolName")
  switch (type) {
    case "reasoning": {
      const text = JsonFields.text(part, "text")
      if (text === undefined) return false
      into.reasoning(text)
      return true
    }
    case "tool-call":
      if (name === undefined) return false
      into.call(name, JsonFields.first(part, "input", "args"), id, "function")
      return true
    case "tool-result":
    case "tool-error": {
      if (name === undefined && id === undefined) return false
      const error = JsonFields.first(part, "error")
      const output = JsonFields.first(part, "output", "result")
      const isError = error !== undefined || part["isError"] === true ||
        JsonFields.text(output, "type")?.startsWith("error-") === true
      into.result(error ?? ToolOutput.unwrap(output), { name, id, type: isError ? "tool_error" : "tool_result" })
      return true
    }
    case "image":
    case "file": {
      const file = JsonFields.object(part, "file") ?? part
      const data = JsonFields.text(file, "data", "base64Data", "base64", "url", "image")
      const mime = JsonFields.text(file, "mediaType", "mimeType", "mime_type") ??
        (type === "image" ? "image/*" : undefined)
      if (data === undefined || mime === undefined) return false
      into.media(mime, data, JsonFields.text(file, "filename", "fileName"))
      return true
    }
    case "source":
    case "source-url":
    case "source-document":
      into.text(`[source] ${JsonFields.text(part, "url", "filename", "title") ?? ""}`)
      return true
    case "step-start":
      return true
    case "object":
      into.text(into.textOf(JsonFields.first(part, "object")))
      return true
    default:
      return userInterface(type, part, into)
  }
}

// In user interface messages a call and its answer are one part, `tool-NAME`.
const userInterface = (type: string, part: JsonObject, into: Transcript): boolean => {
  const id = JsonFields.text(part, "toolCallId")
  if (id === undefined || !(type.startsWith("tool-") || type === "dynamic-tool")) return false
  const name = JsonFields.text(part, "toolName") ?? type.slice("tool-".length)
  into.call(name, JsonFields.first(part, "input"), id, "function")
  const error = JsonFields.text(part, "errorText")
  const output = error ?? JsonFields.first(part, "output")
  if (output !== undefined) into.result(output, { name, id, type: error === undefined ? "tool_result" : "tool_error" })
  return true
}

const isStep = (step: Json): boolean =>
  JsonFields.first(step, "finishReason", "usage") !== undefined &&
  (JsonFields.list(step, "content") !== undefined || JsonFields.text(step, "text") !== undefined)

const finishOf = (json: Json | undefined): Json | undefined => {
  const reason = JsonFields.first(json, "finishReason")
  return JsonFields.text(reason, "unified", "raw") ?? reason
}

const modelOf = (json: Json | undefined): string | undefined =>
  JsonFields.text(JsonFields.object(json, "response"), "modelId") ??
    JsonFields.text(JsonFields.object(json, "model"), "modelId")

// A step without a list of parts has its text, calls and results in members of their own.
const messageOf = (step: Json): Json => ({
  role: "assistant",
  content: JsonFields.list(step, "content") ?? [
    ...listed("reasoning", JsonFields.text(step, "reasoningText", "reasoning")),
    ...listed("text", JsonFields.text(step, "text")),
    ...(JsonFields.first(step, "object") === undefined
      ? []
      : [{ type: "object", object: JsonFields.first(step, "object")! }]),
    ...JsonFields.list(step, "toolCalls") ?? [],
    ...JsonFields.list(step, "toolResults") ?? []
  ]
})

const listed = (type: string, text: string | undefined): ReadonlyArray<Json> =>
  text === undefined ? [] : [{ type, text }]

/**
 * Reads the shapes of the AI SDK.
 *
 * @category dialects
 * @since 0.2.0
 */
export const dialect: Dialect = {
  name: "ai-sdk",
  part,
  request: (body) => {
    const input = JsonFields.first(body, "messages", "prompt")
    const system = JsonFields.first(body, "system", "instructions")
    const isOurs = Object.hasOwn(body, "prompt")
      ? !Object.hasOwn(body, "id")
      : JsonFields.object(body, "model") !== undefined
    if (input === undefined || !(isOurs || system !== undefined)) return undefined
    return {
      model: JsonFields.text(body, "model") ?? JsonFields.text(JsonFields.object(body, "model"), "modelId"),
      system,
      input,
      tools: JsonFields.first(body, "tools"),
      parameters: JsonFields.without(body, ["messages", "prompt", "system", "instructions", "model", "tools"])
    }
  },
  response: (body) => {
    const steps = JsonFields.list(body, "steps")
    const parts = JsonFields.list(body, "content", "toolCalls") ?? JsonFields.first(body, "text", "object")
    if (steps?.every(isStep) === false) return undefined
    if (steps === undefined && (parts === undefined || JsonFields.first(body, "finishReason") === undefined)) {
      return undefined
    }
    const last = steps === undefined ? body : steps[steps.length - 1]
    return {
      model: modelOf(last),
      id: JsonFields.text(JsonFields.object(last, "response"), "id"),
      output: (steps ?? [body]).map(messageOf),
      usage: JsonFields.first(body, "totalUsage", "usage") ?? JsonFields.first(last, "usage"),
      finishReasons: reasons(finishOf(body) ?? finishOf(last))
    }
  },
  isChunk: PartStream.isChunk,
  join: PartStream.join
}
