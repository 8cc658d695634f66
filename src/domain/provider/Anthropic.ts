/**
 * Anthropic's Messages, also on Bedrock and Vertex.
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
import * as ToolOutput from "./ToolOutput.ts"

const part = (part: JsonObject, into: Transcript): boolean => {
  const type = JsonFields.text(part, "type")
  if (type === undefined) return false
  if (type === "thinking") into.reasoning(JsonFields.text(part, "thinking") ?? "")
  else if (type === "redacted_thinking") into.reasoning("[redacted thinking]")
  else if (type.endsWith("tool_use")) {
    into.call(JsonFields.text(part, "name") ?? "", JsonFields.first(part, "input"), JsonFields.text(part, "id"), type)
  } else if (type.endsWith("tool_result")) {
    if (JsonFields.text(part, "tool_use_id") === undefined) return false
    const id = JsonFields.text(part, "tool_use_id")
    into.result(ToolOutput.unwrap(JsonFields.first(part, "content")), {
      id,
      type: part["is_error"] === true ? "tool_error" : type
    })
  } else if (type === "image" || type === "document") return source(type, part, into)
  else if (type === "search_result") {
    into.text(into.textOf(ToolOutput.unwrap(JsonFields.first(part, "content"))))
  } else return false
  return true
}

const source = (type: string, part: JsonObject, into: Transcript): boolean => {
  const source = JsonFields.object(part, "source")
  if (source === undefined) return false
  const mime = JsonFields.text(source, "media_type") ?? (type === "image" ? "image/*" : "application/pdf")
  const title = JsonFields.text(part, "title")
  const data = JsonFields.text(source, "data", "url", "file_id") ?? ""
  if (source["type"] === "text") into.text(data)
  else if (source["type"] === "content") into.text(into.textOf(ToolOutput.unwrap(JsonFields.first(source, "content"))))
  else if (source["type"] === "file") into.text(`[${type}] ${data}`)
  else into.media(mime, data, title)
  return true
}

/**
 * Reads the shapes of Anthropic.
 *
 * @category dialects
 * @since 0.2.0
 */
export const dialect: Dialect = {
  name: "anthropic",
  part,
  request: (body) => {
    const input = JsonFields.list(body, "messages")
    const system = JsonFields.first(body, "system")
    const isBlocks = JsonFields.text(JsonFields.list(body, "system")?.[0], "type") === "text"
    if (input === undefined || !(typeof system === "string" || isBlocks)) return undefined
    return {
      model: JsonFields.text(body, "model"),
      system,
      input,
      tools: JsonFields.first(body, "tools"),
      parameters: JsonFields.without(body, ["messages", "model", "system", "tools"])
    }
  },
  response: (body) =>
    body["type"] !== "message" || body["role"] !== "assistant" || JsonFields.list(body, "content") === undefined ||
      !(Object.hasOwn(body, "usage") || Object.hasOwn(body, "stop_reason"))
      ? undefined
      : {
        model: JsonFields.text(body, "model"),
        id: JsonFields.text(body, "id"),
        output: [{ role: "assistant", content: JsonFields.list(body, "content")! }],
        usage: usageOf(body),
        finishReasons: reasons(JsonFields.member(body, "stop_reason"))
      },
  isChunk: (chunk) => typeof chunk["type"] === "string" && events.has(chunk["type"]),
  join: () => join()
}

// Cached tokens are counted apart in an answer of Anthropic, even if no count of cache writes is given.
const usageOf = (body: JsonObject): Json | undefined => {
  const usage = JsonFields.object(body, "usage")
  return JsonFields.number(usage, "cache_read_input_tokens") === undefined
    ? usage
    : { cache_creation_input_tokens: 0, ...usage }
}

const events = new Set([
  "message_start",
  "message_delta",
  "message_stop",
  "content_block_start",
  "content_block_delta",
  "content_block_stop"
])

const pieces = ["text", "thinking", "partial_json"]

const join = (): Join => {
  const message: Pieces.Piece = { type: "message", role: "assistant" }
  const usage: Pieces.Piece = {}
  const blocks = Pieces.make()
  return {
    add: (event) => {
      const start = JsonFields.object(event, "message")
      if (start !== undefined) {
        Pieces.assign(message, start)
        const content = JsonFields.list(start, "content") ?? []
        content.forEach((block, i) => Pieces.assign(blocks.at(i), JsonSnapshot.isObject(block) ? block : undefined))
      }
      Pieces.assign(usage, numbers(JsonFields.object(start ?? event, "usage")))
      const at = JsonFields.number(event, "index")
      const delta = JsonFields.object(event, "delta")
      if (at === undefined) {
        if (event["type"] === "message_delta") Pieces.assign(message, delta)
        return
      }
      const block = blocks.at(at)
      if (block === undefined) return
      Pieces.assign(block, JsonFields.object(event, "content_block"))
      for (const key of pieces) Pieces.append(block, key, JsonFields.text(delta, key))
    },
    end: () => ({
      ...message,
      stop_reason: JsonFields.member(message, "stop_reason") ?? null,
      content: blocks.all().map(blockOf),
      ...(Object.keys(usage).length === 0 ? undefined : { usage: { ...usage } })
    })
  }
}

// The type of a block whose start is missing follows from its pieces.
const blockOf = ({ partial_json, ...block }: Pieces.Piece): JsonObject => ({
  type: partial_json !== undefined ? "tool_use" : block["thinking"] !== undefined ? "thinking" : "text",
  ...block,
  ...(partial_json === undefined || partial_json === "" ? undefined : { input: partial_json })
})

// The last event repeats some counts as null.
const numbers = (usage: JsonObject | undefined): { readonly [key: string]: Json } =>
  usage === undefined ? {} : JsonFields.without(usage, [])
