/**
 * Streams of parts, as in the AI SDK and Effect's models.
 *
 * @since 0.2.0
 */
import * as JsonFields from "../json/JsonFields.ts"
import type { Json, JsonObject } from "../json/JsonSnapshot.ts"
import type { Join } from "./Dialect.ts"
import * as Pieces from "./Pieces.ts"

/**
 * Whether an object is a part that only a stream has.
 *
 * @category guards
 * @since 0.2.0
 */
export const isChunk = (chunk: JsonObject): boolean => {
  const type = JsonFields.text(chunk, "type")
  return type !== undefined && (streamed.test(type) || marks.has(type))
}

const streamed = /^(?:text|reasoning|tool-input|tool-params)-(?:start|delta|end)$/

const marks = new Set(["start", "stream-start", "start-step", "finish-step", "finish", "response-metadata"])

/**
 * A join for the chunks of one stream.
 *
 * @category constructors
 * @since 0.2.0
 */
export const join = (): Join => {
  // Parts are in the order in which they began.
  const parts = Pieces.make()
  let count = 0
  const response: Pieces.Piece = {}
  let usage: Json = null
  let finishReason: Json = null
  return {
    add: (chunk) => {
      const type = JsonFields.text(chunk, "type") ?? ""
      if (type === "finish" || type === "finish-step") {
        usage = JsonFields.first(chunk, "totalUsage", "usage") ?? usage
        finishReason = JsonFields.first(chunk, "finishReason", "reason") ?? finishReason
        Pieces.assign(response, JsonFields.object(chunk, "response"))
      } else if (type === "response-metadata") Pieces.assign(response, JsonFields.without(chunk, ["type"]))
      else if (streamed.test(type)) {
        const cut = type.lastIndexOf("-")
        const kind = type.slice(0, cut)
        const piece = parts.at(`${kind}:${JsonFields.text(chunk, "id") ?? ""}`)
        if (piece === undefined) return
        const isText = kind === "text" || kind === "reasoning"
        piece["type"] = isText ? kind : "tool-call"
        if (isText) Pieces.append(piece, "text", JsonFields.text(chunk, "delta", "text") ?? "")
        else {
          piece["toolCallId"] = JsonFields.text(chunk, "id") ?? ""
          piece["toolName"] = JsonFields.text(chunk, "toolName", "name") ?? piece["toolName"] ?? ""
          Pieces.append(piece, "input", JsonFields.text(chunk, "delta"))
        }
      } else if (!marks.has(type) && !ignored.has(type)) {
        // A complete call replaces the pieces before it.
        const id = JsonFields.text(chunk, "toolCallId", "id")
        const piece = type === "tool-call" && id !== undefined
          ? parts.at(known(parts, id) ?? `tool-input:${id}`)
          : parts.at(count++)
        if (type === "tool-call" && piece !== undefined) delete piece["input"]
        Pieces.assign(piece, chunk)
        if (piece !== undefined && type === "tool-call" && JsonFields.first(chunk, "toolName") === undefined) {
          delete piece["toolName"]
        }
      }
    },
    end: () => ({
      content: parts.all(),
      finishReason: finishReason ?? "",
      response,
      ...(usage === null ? undefined : { usage })
    })
  }
}

const ignored = new Set(["raw", "abort"])

const known = (parts: Pieces.Pieces, id: string): string | undefined =>
  ["tool-input", "tool-params"].map((kind) => `${kind}:${id}`).find((place) => parts.has(place))
