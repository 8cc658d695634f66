/**
 * Effect's own `Prompt` and `Response`.
 *
 * @since 0.2.0
 */
import type { Transcript } from "../content/Transcript.ts"
import * as JsonFields from "../json/JsonFields.ts"
import type { Json, JsonObject } from "../json/JsonSnapshot.ts"
import type { Dialect } from "./Dialect.ts"
import { reasons } from "./Dialect.ts"

const part = (part: JsonObject, into: Transcript): boolean => {
  const id = JsonFields.text(part, "id")
  const name = JsonFields.text(part, "name")
  switch (part["type"]) {
    case "tool-call":
      if (name === undefined) return false
      into.call(name, JsonFields.first(part, "params"), id, "function")
      return true
    case "tool-result":
      if (name === undefined) return false
      into.result(JsonFields.first(part, "encodedResult", "result"), {
        name,
        id,
        type: part["isFailure"] === true ? "tool_error" : "tool_result"
      })
      return true
    case "error":
      into.text(
        `[error] ${
          into.textOf(JsonFields.first(JsonFields.object(part, "error"), "message") ?? JsonFields.first(part, "error"))
        }`
      )
      return true
    case "finish":
    case "response-metadata":
      return true
    default:
      return false
  }
}

const own = new Set(["content", "value"])

const isMessage = (json: Json): boolean => JsonFields.text(json, "role") !== undefined

/**
 * Reads the shapes of `effect/ai`.
 *
 * @category dialects
 * @since 0.2.0
 */
export const dialect: Dialect = {
  name: "effect-ai",
  part,
  // A prompt holds messages and an answer holds parts. Neither has a role of its own.
  request: (body) => {
    const content = JsonFields.list(body, "content")
    return content === undefined || content.length === 0 || body["role"] !== undefined || !content.every(isMessage)
      ? undefined
      : { input: content, parameters: {} }
  },
  response: (body) => {
    const content = JsonFields.list(body, "content")
    if (content === undefined || !Object.keys(body).every((key) => own.has(key) || key.startsWith("~"))) {
      return undefined
    }
    const of = (type: string) => content.find((part) => JsonFields.member(part, "type") === type)
    const finish = of("finish")
    const metadata = of("response-metadata")
    return {
      model: JsonFields.text(metadata, "modelId"),
      id: JsonFields.text(metadata, "id"),
      output: content.every(isMessage) ? content : [{ role: "assistant", content }],
      usage: JsonFields.first(finish, "usage"),
      finishReasons: reasons(JsonFields.member(finish, "reason"))
    }
  }
}
