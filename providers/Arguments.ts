/**
 * Arguments that fit the JSON Schema of a tool.
 */
import type { Fields } from "./Wire.ts"
import { isFields } from "./Wire.ts"

export const of = (schema: unknown): Fields => {
  const value = valueOf(schema, 0)
  return isFields(value) ? value : {}
}

// Gemini writes the names of types in capitals.
const valueOf = (schema: unknown, depth: number): unknown => {
  if (!isFields(schema) || depth > 8) return "Oslo"
  const choices = schema["enum"] ?? schema["anyOf"] ?? schema["oneOf"]
  if (Array.isArray(choices)) return schema["enum"] === undefined ? valueOf(choices[0], depth + 1) : choices[0]
  const type = Array.isArray(schema["type"]) ? schema["type"][0] : schema["type"]
  switch (typeof type === "string" ? type.toLowerCase() : undefined) {
    case "number":
    case "integer":
      return 7
    case "boolean":
      return true
    case "null":
      return null
    case "array":
      return [valueOf(schema["items"], depth + 1)]
    case "object":
      return Object.fromEntries(
        Object.entries(isFields(schema["properties"]) ? schema["properties"] : {}).map((
          [name, of]
        ) => [name, valueOf(of, depth + 1)])
      )
    default:
      return "Oslo"
  }
}
