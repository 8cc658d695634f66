/**
 * Google's Gemini, on AI Studio and Vertex.
 *
 * @since 0.2.0
 */
import type { Transcript } from "../content/Transcript.ts"
import * as JsonFields from "../json/JsonFields.ts"
import type { Json, JsonObject } from "../json/JsonSnapshot.ts"
import * as JsonSnapshot from "../json/JsonSnapshot.ts"
import type { Dialect, Join } from "./Dialect.ts"
import { reasons } from "./Dialect.ts"
import * as Pieces from "./Pieces.ts"

const part = (part: JsonObject, into: Transcript): boolean => {
  if (part["type"] !== undefined) return false
  const text = JsonFields.text(part, "text")
  const call = JsonFields.object(part, "functionCall", "function_call")
  const answer = JsonFields.object(part, "functionResponse", "function_response")
  const inline = JsonFields.object(part, "inlineData", "inline_data")
  const file = JsonFields.object(part, "fileData", "file_data")
  const code = JsonFields.object(part, "executableCode", "executable_code")
  const ran = JsonFields.object(part, "codeExecutionResult", "code_execution_result")
  if (text !== undefined && part["thought"] === true) into.reasoning(text)
  else if (text !== undefined) into.text(text)
  else if (call !== undefined) {
    const name = JsonFields.text(call, "name") ?? ""
    into.call(name, JsonFields.first(call, "args"), JsonFields.text(call, "id"), "function_call")
  } else if (answer !== undefined) {
    into.result(JsonFields.first(answer, "response"), {
      name: JsonFields.text(answer, "name"),
      id: JsonFields.text(answer, "id"),
      type: "function_response"
    })
  } else if (inline !== undefined || file !== undefined) {
    const mime = JsonFields.text(inline ?? file, "mimeType", "mime_type") ?? "application/octet-stream"
    into.media(mime, JsonFields.text(inline ?? file, "data", "fileUri", "file_uri") ?? "")
  } else if (code !== undefined) into.call("code_execution", code, undefined, "executable_code")
  else if (ran !== undefined) into.result(JsonFields.first(ran, "output"), { name: "code_execution" })
  else return false
  return true
}

const answerOf = (body: JsonObject): JsonObject | undefined => {
  if (JsonFields.list(body, "candidates") !== undefined || JsonFields.object(body, "usageMetadata") !== undefined) {
    return body
  }
  // The older client wraps the answer.
  const inner = JsonFields.object(body, "response")
  return JsonFields.list(inner, "candidates") === undefined ? undefined : inner
}

const contentOf = (candidate: Json): Json => JsonFields.object(candidate, "content") ?? { role: "model", parts: [] }

/**
 * Reads the shapes of Gemini.
 *
 * @category dialects
 * @since 0.2.0
 */
export const dialect: Dialect = {
  name: "gemini",
  part,
  request: (body) => {
    const input = JsonFields.first(body, "contents")
    if (input === undefined) return undefined
    const config = JsonFields.object(body, "generationConfig", "generation_config", "config") ?? {}
    return {
      model: JsonFields.text(body, "model"),
      system: JsonFields.first(body, ...systems) ?? JsonFields.first(config, ...systems),
      input,
      tools: JsonFields.first(body, "tools") ?? JsonFields.first(config, "tools"),
      parameters: JsonFields.without(config, [...systems, "tools", "abortSignal", "httpOptions"])
    }
  },
  response: (body) => {
    const answer = answerOf(body)
    if (answer === undefined) return undefined
    const candidates = JsonFields.list(answer, "candidates") ?? []
    const blocked = JsonFields.text(JsonFields.object(answer, "promptFeedback"), "blockReason")
    return {
      model: JsonFields.text(answer, "modelVersion"),
      id: JsonFields.text(answer, "responseId"),
      output: candidates.map(contentOf),
      usage: JsonFields.first(answer, "usageMetadata"),
      finishReasons: reasons(...candidates.map((candidate) => JsonFields.member(candidate, "finishReason")), blocked)
    }
  },
  isChunk: (chunk) => answerOf(chunk) !== undefined,
  join: () => join()
}

const systems = ["systemInstruction", "system_instruction"]

const join = (): Join => {
  const head: Pieces.Piece = {}
  const candidates = Pieces.make()
  const contents = new Map<string | number, Array<Json>>()
  return {
    add: (chunk) => {
      const answer = answerOf(chunk) ?? chunk
      Pieces.assign(head, answer)
      for (const candidate of JsonFields.list(answer, "candidates") ?? []) {
        const at = JsonFields.number(candidate, "index") ?? 0
        const own = candidates.at(at)
        if (own === undefined || !JsonSnapshot.isObject(candidate)) continue
        Pieces.assign(own, JsonFields.without(candidate, ["content"]))
        const parts = contents.get(at) ?? []
        contents.set(at, parts)
        for (const part of JsonFields.list(contentOf(candidate), "parts") ?? []) add(parts, part)
      }
    },
    end: () => ({
      ...head,
      candidates: candidates.entries().map(([at, candidate]) => ({
        ...candidate,
        content: { role: "model", parts: contents.get(at) ?? [] }
      }))
    })
  }
}

// A text continues the last one of its kind.
const add = (parts: Array<Json>, part: Json): void => {
  const last = parts[parts.length - 1]
  const text = JsonFields.text(part, "text")
  const before = JsonFields.text(last, "text")
  const isThought = JsonFields.member(part, "thought") === true
  if (text === undefined || before === undefined || isThought !== (JsonFields.member(last, "thought") === true)) {
    parts.push(JsonSnapshot.isObject(part) ? { ...part } : part)
  } else {
    const own = last as Pieces.Piece
    Pieces.assign(own, part as JsonObject)
    own["text"] = before + text
  }
}
