/**
 * The inputs and outputs of LangChain's chains and graphs, without the wrapping of its classes.
 *
 * @since 0.2.0
 */
import * as JsonFields from "../json/JsonFields.ts"
import type { Json, JsonObject } from "../json/JsonSnapshot.ts"
import * as JsonSnapshot from "../json/JsonSnapshot.ts"
import * as LangChain from "./LangChain.ts"

/**
 * Reads a value: messages become objects with `role`, `content` and `tool_calls`, other objects of LangChain's classes their
 * members, and `{ output }` its only member. `undefined` for a value that cannot be read.
 *
 * @category constructors
 * @since 0.2.0
 */
export const read = (value: unknown): Json | undefined => {
  const json = JsonSnapshot.take(value).value
  if (json === undefined) return undefined
  const readable = unwrap(json)
  const isOutput = JsonSnapshot.isObject(readable) && Object.keys(readable).length === 1
  return (isOutput ? readable["output"] : undefined) ?? readable
}

const unwrap = (json: Json): Json => {
  if (JsonSnapshot.isArray(json)) return json.map(unwrap)
  if (!JsonSnapshot.isObject(json)) return json
  const message = LangChain.dialect.message?.(json)
  if (message !== undefined) return shortened(message)
  const isClass = json["lc"] !== undefined && Array.isArray(json["id"])
  return mapped((isClass ? JsonFields.object(json, "kwargs") : undefined) ?? json)
}

const mapped = (json: JsonObject): JsonObject => {
  const out: { [key: string]: Json } = {}
  for (const key of Object.keys(json)) if (key !== "__proto__") out[key] = unwrap(json[key]!)
  return out
}

const shortened = (message: JsonObject): JsonObject => {
  const calls = JsonFields.list(message, "tool_calls") ?? []
  const name = JsonFields.text(message, "name")
  return {
    role: message["role"]!,
    content: message["content"]!,
    ...(name === undefined ? undefined : { name }),
    ...(calls.length === 0 ? undefined : { tool_calls: calls })
  }
}
