/**
 * OpenAI's Chat Completions, which many providers share, and the older Completions.
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
  switch (part["type"]) {
    case "text": {
      const text = JsonFields.text(part, "text")
      if (text === undefined) return false
      into.text(text)
      return true
    }
    case "refusal":
      into.text(JsonFields.text(part, "refusal") ?? "")
      return true
    case "image_url": {
      const url = JsonFields.text(JsonFields.object(part, "image_url"), "url") ?? JsonFields.text(part, "image_url")
      if (url === undefined) return false
      into.media("image/*", url)
      return true
    }
    case "input_audio": {
      const audio = JsonFields.object(part, "input_audio")
      into.media(`audio/${JsonFields.text(audio, "format") ?? "*"}`, JsonFields.text(audio, "data") ?? "")
      return true
    }
    case "file": {
      const file = JsonFields.object(part, "file")
      const data = JsonFields.text(file, "file_data")
      const id = JsonFields.text(file, "file_id")
      if (data === undefined && id === undefined) return false
      const name = JsonFields.text(file, "filename")
      if (data === undefined) into.text(`[file] ${id}`)
      else into.media("application/octet-stream", data, name)
      return true
    }
    default:
      return false
  }
}

const messageOf = (choice: Json): Json =>
  JsonFields.object(choice, "message", "delta") ?? { role: "assistant", content: JsonFields.text(choice, "text") ?? "" }

const isChoice = (choice: Json | undefined): boolean =>
  JsonFields.object(choice, "message", "delta") !== undefined || JsonFields.text(choice, "text") !== undefined

/**
 * Reads the shapes of Chat Completions.
 *
 * @category dialects
 * @since 0.2.0
 */
export const dialect: Dialect = {
  name: "openai-chat",
  part,
  request: (body) => {
    const input = JsonFields.list(body, "messages") ??
      (JsonFields.text(body, "model") === undefined ? undefined : JsonFields.first(body, "prompt"))
    return input === undefined ? undefined : {
      model: JsonFields.text(body, "model"),
      input,
      tools: JsonFields.first(body, "tools", "functions"),
      parameters: JsonFields.without(body, ["messages", "prompt", "model", "tools", "functions"])
    }
  },
  response: (body) => {
    const choices = JsonFields.list(body, "choices")
    if (choices === undefined || (choices.length > 0 && !choices.every(isChoice))) return undefined
    return {
      model: JsonFields.text(body, "model"),
      id: JsonFields.text(body, "id"),
      output: choices.map(messageOf),
      usage: JsonFields.first(body, "usage"),
      finishReasons: reasons(...choices.map((choice) => JsonFields.member(choice, "finish_reason")))
    }
  },
  isChunk: (chunk) =>
    chunk["object"] === "chat.completion.chunk" ||
    JsonFields.object(JsonFields.list(chunk, "choices")?.[0], "delta") !== undefined,
  join: () => join()
}

// The members of a delta that are pieces of a text.
const texts = ["content", "refusal", "reasoning_content", "reasoning"]

const join = (): Join => {
  const head: Pieces.Piece = {}
  let usage: Json = null
  const choices = Pieces.make()
  const calls = Pieces.make()
  return {
    add: (chunk) => {
      Pieces.fill(head, chunk)
      usage = JsonFields.first(chunk, "usage") ?? usage
      for (const choice of JsonFields.list(chunk, "choices") ?? []) {
        const at = JsonFields.number(choice, "index") ?? 0
        const delta = JsonFields.object(choice, "delta")
        const own = choices.at(at)
        if (own === undefined) continue
        for (const key of texts) Pieces.append(own, key, JsonFields.text(delta, key))
        Pieces.append(own, "text", JsonFields.text(choice, "text"))
        own["role"] = JsonFields.text(delta, "role") || own["role"] || "assistant"
        own["finish_reason"] = JsonFields.first(choice, "finish_reason") ?? own["finish_reason"] ?? null
        const given = JsonFields.list(delta, "tool_calls") ?? []
        const legacy = JsonFields.object(delta, "function_call")
        for (const call of legacy === undefined ? given : [...given, { index: 0, function: legacy }]) {
          const piece = calls.at(`${at}.${JsonFields.number(call, "index") ?? 0}`)
          if (piece === undefined) continue
          piece["choice"] = at
          piece["id"] ??= JsonFields.text(call, "id") ?? null
          piece["type"] ??= JsonFields.text(call, "type") ?? null
          const of = JsonFields.object(call, "function", "custom")
          Pieces.append(piece, "name", JsonFields.text(of, "name"))
          Pieces.append(piece, "arguments", JsonFields.text(of, "arguments", "input"))
        }
      }
    },
    end: () => {
      const ofChoices = Map.groupBy(calls.all(), (call) => call["choice"])
      return {
        ...JsonFields.without(head, ["choices", "usage", "object"]),
        ...(usage === null ? undefined : { usage }),
        choices: choices.entries().map(([at, { finish_reason, text, ...message }]) => {
          const own = ofChoices.get(at) ?? []
          return {
            index: at,
            finish_reason: finish_reason ?? null,
            message: {
              ...message,
              ...(text === undefined ? undefined : { content: text }),
              ...(own.length === 0 ? undefined : {
                tool_calls: own.map((call) => ({
                  id: call["id"] ?? null,
                  type: call["type"] ?? "function",
                  function: { name: call["name"] ?? "", arguments: call["arguments"] ?? "" }
                }))
              })
            }
          }
        }).filter((choice) => JsonSnapshot.isObject(choice.message))
      }
    }
  }
}
