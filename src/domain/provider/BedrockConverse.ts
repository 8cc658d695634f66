/**
 * The Converse operation of Amazon Bedrock.
 *
 * @since 0.2.0
 */
import type { Transcript } from "../content/Transcript.ts"
import * as JsonFields from "../json/JsonFields.ts"
import type { Json, JsonObject } from "../json/JsonSnapshot.ts"
import type { Dialect, Join } from "./Dialect.ts"
import { reasons } from "./Dialect.ts"
import * as Pieces from "./Pieces.ts"
import * as ToolOutput from "./ToolOutput.ts"

// Each part is an object with one member, named after its content. Gemini's dialect reads a part of text alone.
const part = (part: JsonObject, into: Transcript): boolean => {
  if (part["type"] !== undefined) return false
  const call = JsonFields.object(part, "toolUse")
  const result = JsonFields.object(part, "toolResult")
  const reasoning = JsonFields.object(part, "reasoningContent")
  const guarded = JsonFields.object(part, "guardContent")
  const media = JsonFields.object(part, "image", "audio", "document", "video")
  if (call !== undefined) {
    into.call(
      JsonFields.text(call, "name") ?? "",
      JsonFields.first(call, "input"),
      JsonFields.text(call, "toolUseId"),
      "toolUse"
    )
  } else if (result !== undefined) {
    const outputs = JsonFields.list(result, "content") ?? []
    into.result(
      ToolOutput.unwrap(outputs.length === 1 ? JsonFields.first(outputs[0], "text", "json") ?? outputs : outputs),
      {
        id: JsonFields.text(result, "toolUseId"),
        type: result["status"] === "error" ? "tool_error" : "toolResult"
      }
    )
  } else if (reasoning !== undefined) {
    const text = JsonFields.text(JsonFields.object(reasoning, "reasoningText"), "text")
    into.reasoning(text ?? "[redacted thinking]")
  } else if (guarded !== undefined) into.text(JsonFields.text(JsonFields.object(guarded, "text"), "text") ?? "")
  else if (media !== undefined) {
    const kind = ["image", "audio", "document", "video"].find((key) => Object.hasOwn(part, key))!
    const source = JsonFields.object(media, "source")
    const data = JsonFields.text(source, "bytes", "text") ??
      JsonFields.text(JsonFields.object(source, "s3Location"), "uri")
    into.media(`${kind}/${JsonFields.text(media, "format") ?? "*"}`, data ?? "", JsonFields.text(media, "name"))
  } else return JsonFields.object(part, "cachePoint") !== undefined
  return true
}

/**
 * Reads the shapes of the Converse operation.
 *
 * @category dialects
 * @since 0.2.0
 */
export const dialect: Dialect = {
  name: "bedrock-converse",
  part,
  request: (body) => {
    const input = JsonFields.list(body, "messages")
    if (input === undefined || JsonFields.first(body, "modelId", "inferenceConfig", "toolConfig") === undefined) {
      return undefined
    }
    return {
      model: JsonFields.text(body, "modelId"),
      system: JsonFields.first(body, "system"),
      input,
      tools: JsonFields.first(JsonFields.object(body, "toolConfig"), "tools"),
      parameters: {
        ...JsonFields.object(body, "inferenceConfig"),
        ...JsonFields.object(body, "additionalModelRequestFields")
      }
    }
  },
  response: (body) => {
    const message = JsonFields.object(JsonFields.object(body, "output"), "message")
    return message === undefined ? undefined : {
      output: [message],
      usage: JsonFields.first(body, "usage"),
      finishReasons: reasons(JsonFields.member(body, "stopReason"))
    }
  },
  isChunk: (chunk) => events.some((event) => JsonFields.object(chunk, event) !== undefined),
  join: () => join()
}

const events = ["messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop"]

const join = (): Join => {
  let role = "assistant"
  let stopReason: Json = null
  let usage: JsonObject | undefined
  const blocks = Pieces.make()
  return {
    add: (event) => {
      role = JsonFields.text(JsonFields.object(event, "messageStart"), "role") ?? role
      stopReason = JsonFields.text(JsonFields.object(event, "messageStop"), "stopReason") ?? stopReason
      usage = JsonFields.object(JsonFields.object(event, "metadata"), "usage") ?? usage
      const at = JsonFields.object(event, "contentBlockStart", "contentBlockDelta")
      if (at === undefined) return
      const block = blocks.at(JsonFields.number(at, "contentBlockIndex") ?? 0)
      if (block === undefined) return
      Pieces.assign(block, JsonFields.object(JsonFields.object(at, "start"), "toolUse"))
      const delta = JsonFields.object(at, "delta")
      Pieces.append(block, "text", JsonFields.text(delta, "text"))
      Pieces.append(block, "input", JsonFields.text(JsonFields.object(delta, "toolUse"), "input"))
      Pieces.append(block, "reasoning", JsonFields.text(JsonFields.object(delta, "reasoningContent"), "text"))
    },
    end: () => ({
      output: { message: { role, content: blocks.all().map(blockOf) } },
      ...(stopReason === null ? undefined : { stopReason }),
      ...(usage === undefined ? undefined : { usage })
    })
  }
}

const blockOf = ({ reasoning, text, ...toolUse }: Pieces.Piece): JsonObject =>
  Object.keys(toolUse).length > 0
    ? { toolUse }
    : reasoning !== undefined
    ? { reasoningContent: { reasoningText: { text: reasoning } } }
    : { text: text ?? "" }
