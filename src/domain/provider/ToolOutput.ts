/**
 * The output of a tool, in the wrappers of providers.
 *
 * @since 0.2.0
 */
import * as JsonFields from "../json/JsonFields.ts"
import type { Json } from "../json/JsonSnapshot.ts"
import * as JsonSnapshot from "../json/JsonSnapshot.ts"

/**
 * The output without its wrapper: a list of texts alone becomes their text, and a `{ type, value }` its value.
 *
 * @category combinators
 * @since 0.2.0
 */
export const unwrap = (json: Json | undefined): Json | undefined => {
  if (JsonSnapshot.isArray(json)) {
    const texts = json.map((part) => typeof part === "string" ? part : partText(part))
    return json.length > 0 && texts.every((text) => text !== undefined) ? texts.join("\n") : json
  }
  const type = JsonFields.text(json, "type")
  const value = JsonFields.member(json, "value")
  return type !== undefined && wrappings.has(type) && value !== undefined ? unwrap(value) : json
}

// These types are the AI SDK's.
const wrappings = new Set(["text", "json", "error-text", "error-json", "content"])

const textTypes = new Set([undefined, "text", "input_text", "output_text"])

const partText = (part: Json): string | undefined => {
  if (!textTypes.has(JsonFields.text(part, "type"))) return undefined
  const text = JsonFields.text(part, "text", "content")
  return text !== undefined && Object.keys(part as object).length <= 4 ? text : undefined
}
