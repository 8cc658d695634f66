/**
 * LangChain's messages, as its classes serialise them, as dictionaries, and as pairs of role and text.
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

const roles: { readonly [type: string]: string } = {
  human: "user",
  ai: "assistant",
  system: "system",
  developer: "developer",
  tool: "tool",
  function: "tool"
}

/**
 * The role of LangChain's name for a kind of message.
 *
 * @category accessors
 * @since 0.2.0
 */
export const roleOf = (type: string | undefined): string | undefined => {
  if (type === undefined) return undefined
  const name = type.replace(/Message(?:Chunk)?$/, "").toLowerCase()
  return Object.hasOwn(roles, name) ? roles[name] : undefined
}

const classOf = (json: Json | undefined): string | undefined => {
  const id = JsonFields.member(json, "lc") === undefined ? undefined : JsonFields.list(json, "id")
  const name = id?.[id.length - 1]
  return typeof name === "string" ? name : undefined
}

const message = (json: JsonObject): JsonObject | undefined => {
  const name = classOf(json) ?? JsonFields.text(json, "type")
  const members = JsonFields.object(json, "kwargs", "data") ?? json
  const role = roleOf(name) ??
    (name === "ChatMessage" || name === "chat" ? JsonFields.text(members, "role") : undefined)
  if (role === undefined || !Object.hasOwn(members, "content")) return undefined
  const more = JsonFields.object(members, "additional_kwargs")
  const own = JsonFields.list(members, "tool_calls") ?? []
  return {
    ...members,
    role,
    // Only older versions keep the provider's own calls, beside LangChain's.
    ...(own.length > 0 ? undefined : { tool_calls: JsonFields.list(more, "tool_calls") ?? [] }),
    ...(JsonFields.text(more, "reasoning_content") === undefined
      ? undefined
      : { reasoning_content: JsonFields.text(more, "reasoning_content")! })
  }
}

const part = (part: JsonObject, into: Transcript): boolean => {
  if (part["type"] === "tool_call" && Object.hasOwn(part, "args")) {
    into.call(
      JsonFields.text(part, "name") ?? "",
      JsonFields.first(part, "args"),
      JsonFields.text(part, "id"),
      "tool_call"
    )
  } else if (part["type"] === "reasoning" && JsonFields.text(part, "reasoning") !== undefined) {
    into.reasoning(JsonFields.text(part, "reasoning")!)
  } else if (
    part["type"] === "image" || part["type"] === "audio" || part["type"] === "file" || part["type"] === "video"
  ) {
    const data = JsonFields.text(part, "data", "url", "base64")
    if (data === undefined) return false
    into.media(JsonFields.text(part, "mime_type", "mimeType") ?? `${part["type"]}/*`, data)
  } else return false
  return true
}

const modelOf = (answer: JsonObject): string | undefined =>
  JsonFields.text(JsonFields.object(answer, "response_metadata"), "model_name", "model", "model_id")

const finishOf = (answer: Json | undefined): Json | undefined =>
  JsonFields.first(
    JsonFields.object(answer, "response_metadata", "generationInfo"),
    "finish_reason",
    "stop_reason",
    "stopReason",
    "finishReason"
  )

const usageOf = (answer: JsonObject): Json | undefined =>
  JsonFields.first(answer, "usage_metadata") ??
    JsonFields.first(JsonFields.object(answer, "response_metadata"), "tokenUsage", "usage")

/**
 * Reads the shapes of LangChain.
 *
 * @category dialects
 * @since 0.2.0
 */
export const dialect: Dialect = {
  name: "langchain",
  message,
  part,
  request: (body) => {
    const messages = classOf(body) === undefined
      ? undefined
      : JsonFields.list(JsonFields.object(body, "kwargs"), "messages")
    return messages === undefined ? undefined : { input: messages, parameters: {} }
  },
  response: (body) => {
    const generations = JsonFields.list(body, "generations")
    if (generations !== undefined) {
      const all = generations.flatMap((item): ReadonlyArray<Json> => JsonSnapshot.isArray(item) ? item : [item])
      const messages = all.map((item) =>
        JsonFields.object(item, "message") ?? { role: "assistant", content: JsonFields.text(item, "text") ?? "" }
      )
      const first = messages.map((item) => message(item)).find((item) => item !== undefined)
      return {
        model: first === undefined ? undefined : modelOf(first),
        output: messages,
        usage: (first === undefined ? undefined : usageOf(first)) ??
          JsonFields.first(
            JsonFields.object(body, "llmOutput", "llm_output"),
            "tokenUsage",
            "token_usage",
            "estimatedTokenUsage"
          ),
        finishReasons: reasons(...all.map(finishOf), finishOf(first))
      }
    }
    const answer = message(body)
    if (answer === undefined || answer["role"] !== "assistant") return undefined
    return {
      model: modelOf(answer),
      id: JsonFields.text(answer, "id"),
      output: [answer],
      usage: usageOf(answer),
      finishReasons: reasons(finishOf(answer))
    }
  },
  isChunk: (chunk) => classOf(chunk) === "AIMessageChunk" || chunk["type"] === "AIMessageChunk",
  join: () => join()
}

const join = (): Join => {
  const whole: Pieces.Piece = { type: "ai" }
  const calls = Pieces.make()
  const parts: Array<Json> = []
  const usage: Pieces.Piece = {}
  const metadata: Pieces.Piece = {}
  return {
    add: (chunk) => {
      const members = JsonFields.object(chunk, "kwargs", "data") ?? chunk
      const content = JsonFields.member(members, "content")
      if (typeof content === "string") {
        if (content !== "") parts.push({ type: "text", text: content })
      } else if (JsonSnapshot.isArray(content)) parts.push(...content.slice(0, 10_000))
      for (const call of JsonFields.list(members, "tool_call_chunks") ?? []) {
        const piece = calls.at(JsonFields.number(call, "index") ?? 0)
        if (piece === undefined) continue
        piece["id"] ??= JsonFields.text(call, "id") ?? null
        Pieces.append(piece, "name", JsonFields.text(call, "name"))
        Pieces.append(piece, "args", JsonFields.text(call, "args"))
      }
      count(usage, JsonFields.object(members, "usage_metadata"))
      Pieces.assign(metadata, JsonFields.object(members, "response_metadata"))
      const id = JsonFields.text(members, "id")
      if (id !== undefined) whole["id"] = id
    },
    end: () => ({
      ...whole,
      content: parts,
      tool_calls: calls.all().map((call) => ({ ...call })),
      response_metadata: { ...metadata },
      ...(Object.keys(usage).length === 0 ? undefined : { usage_metadata: { ...usage } })
    })
  }
}

// Each chunk counts its own tokens.
const count = (into: Pieces.Piece, more: JsonObject = {}): Pieces.Piece => {
  for (const key of Object.keys(more)) {
    const [before, value] = [JsonFields.member(into, key), more[key]!]
    if (key === "__proto__") continue
    if (typeof before === "number" && typeof value === "number") into[key] = before + value
    else if (JsonSnapshot.isObject(value)) into[key] = count(JsonSnapshot.isObject(before) ? before : {}, value)
    else into[key] = value
  }
  return into
}
