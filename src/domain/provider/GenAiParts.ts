/**
 * The message parts of OpenTelemetry's `gen_ai` conventions.
 *
 * @since 0.2.0
 */
import type { Transcript } from "../content/Transcript.ts"
import * as JsonFields from "../json/JsonFields.ts"
import type { JsonObject } from "../json/JsonSnapshot.ts"
import type { Dialect } from "./Dialect.ts"

const part = (part: JsonObject, into: Transcript): boolean => {
  const content = JsonFields.text(part, "content")
  switch (part["type"]) {
    case "text":
      if (content === undefined) return false
      into.text(content)
      return true
    case "reasoning":
      if (content === undefined) return false
      into.reasoning(content)
      return true
    case "tool_call":
    case "server_tool_call":
      into.call(
        JsonFields.text(part, "name") ?? "",
        JsonFields.first(part, "arguments", part["type"]),
        JsonFields.text(part, "id"),
        "function"
      )
      return true
    case "tool_call_response":
    case "server_tool_call_response":
      into.result(JsonFields.first(part, "response", "result", part["type"]), {
        id: JsonFields.text(part, "id"),
        type: "tool_result"
      })
      return true
    case "blob":
    case "uri":
    case "file": {
      const data = content ?? JsonFields.text(part, "data", "uri", "file_id")
      const modality = JsonFields.text(part, "modality")
      if (data === undefined) return false
      if (part["type"] === "file") into.text(`[file] ${data}`)
      else into.media(JsonFields.text(part, "mime_type") ?? `${modality ?? "application"}/*`, data)
      return true
    }
    default:
      return false
  }
}

/**
 * Reads the parts of the `gen_ai` conventions.
 *
 * @category dialects
 * @since 0.2.0
 */
export const dialect: Dialect = { name: "gen-ai", part }
