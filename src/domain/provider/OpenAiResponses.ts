/**
 * OpenAI's Responses.
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
  switch (type) {
    case "input_text":
    case "output_text":
    case "summary_text":
      into.text(JsonFields.text(part, "text") ?? "")
      return true
    case "reasoning_text":
      into.reasoning(JsonFields.text(part, "text") ?? "")
      return true
    case "input_image": {
      const url = JsonFields.text(part, "image_url")
      if (url === undefined) into.text(`[image] ${JsonFields.text(part, "file_id") ?? ""}`)
      else into.media("image/*", url)
      return true
    }
    case "input_file": {
      const data = JsonFields.text(part, "file_data")
      if (data === undefined) into.text(`[file] ${JsonFields.text(part, "file_url", "file_id", "filename") ?? ""}`)
      else into.media("application/octet-stream", data, JsonFields.text(part, "filename"))
      return true
    }
    case "reasoning": {
      const summary = JsonFields.list(part, "summary")
      if (summary === undefined) return false
      for (const item of [...summary, ...JsonFields.list(part, "content") ?? []]) {
        into.reasoning(JsonFields.text(item, "text") ?? "")
      }
      return true
    }
    case "item_reference":
      return true
    case "image_generation_call":
      into.media("image/png", JsonFields.text(part, "result") ?? "")
      return true
    default:
      return call(type, part, into)
  }
}

// Every tool has its `…_call`, and its answer is in the call or in a `…_call_output`.
const call = (type: string, item: JsonObject, into: Transcript): boolean => {
  const id = JsonFields.text(item, "call_id", "id")
  if (type.endsWith("_call_output")) {
    into.result(ToolOutput.unwrap(JsonFields.first(item, "output")), { id, type, name: JsonFields.text(item, "name") })
    return true
  }
  if (!type.endsWith("_call") || type.endsWith("tool_call")) return false
  const given = JsonFields.first(item, "arguments", "input", "action", "operation") ??
    JsonFields.without(item, ["id", "call_id", "type", "status", "name", "output", "outputs", "results", "result"])
  into.call(JsonFields.text(item, "name") ?? type.slice(0, -"_call".length), given, id, type)
  const output = JsonFields.first(item, "output", "outputs", "results")
  if (output !== undefined) into.result(ToolOutput.unwrap(output), { id, type })
  return true
}

const isItem = (json: Json): boolean => JsonFields.text(json, "type") !== undefined

/**
 * Reads the shapes of Responses.
 *
 * @category dialects
 * @since 0.2.0
 */
export const dialect: Dialect = {
  name: "openai-responses",
  part,
  request: (body) => {
    const input = JsonFields.first(body, "input")
    if (input === undefined || JsonFields.first(body, "model", "instructions", "previous_response_id") === undefined) {
      return undefined
    }
    return {
      model: JsonFields.text(body, "model"),
      system: JsonFields.first(body, "instructions"),
      input,
      tools: JsonFields.first(body, "tools"),
      parameters: JsonFields.without(body, ["input", "model", "instructions", "tools"])
    }
  },
  response: (body) => {
    const output = JsonFields.list(body, "output")
    if (output === undefined || (body["object"] !== "response" && !(output.length > 0 && output.every(isItem)))) {
      return undefined
    }
    const details = JsonFields.object(body, "incomplete_details")
    return {
      model: JsonFields.text(body, "model"),
      id: JsonFields.text(body, "id"),
      output,
      usage: JsonFields.first(body, "usage"),
      finishReasons: reasons(JsonFields.text(details, "reason") ?? JsonFields.member(body, "status"))
    }
  },
  isChunk: (chunk) => typeof chunk["type"] === "string" && chunk["type"].startsWith("response."),
  join: () => join()
}

// The events with a piece of a text, and the place of the text in its item.
const deltas: { readonly [type: string]: readonly [key: string, part: string | undefined] } = {
  "response.output_text.delta": ["content", "output_text"],
  "response.refusal.delta": ["content", "refusal"],
  "response.reasoning_text.delta": ["content", "reasoning_text"],
  "response.reasoning_summary_text.delta": ["summary", "summary_text"],
  "response.function_call_arguments.delta": ["arguments", undefined],
  "response.custom_tool_call_input.delta": ["input", undefined],
  "response.mcp_call_arguments.delta": ["arguments", undefined],
  "response.code_interpreter_call_code.delta": ["code", undefined]
}

const join = (): Join => {
  let response: JsonObject = {}
  const items = Pieces.make()
  const parts = Pieces.make()
  return {
    add: (event) => {
      response = JsonFields.object(event, "response") ?? response
      const place = JsonFields.number(event, "output_index") ?? 0
      const item = JsonFields.object(event, "item")
      if (item !== undefined) {
        const piece = items.at(place)
        if (piece !== undefined) piece["item"] = item
        if (piece !== undefined && event["type"] === "response.output_item.done") piece["done"] = true
      }
      const type = JsonFields.text(event, "type") ?? ""
      const delta = Object.hasOwn(deltas, type) ? deltas[type] : undefined
      if (delta === undefined) return
      const [key, kind] = delta
      const at = `${place}.${key}.${
        JsonFields.number(event, "content_index") ?? JsonFields.number(event, "summary_index") ?? 0
      }`
      const piece = parts.at(at)
      if (piece === undefined || items.at(place) === undefined) return
      Pieces.assign(piece, { place, key, kind: kind ?? null })
      Pieces.append(piece, "text", JsonFields.text(event, "delta"))
    },
    end: () => {
      const whole = JsonFields.list(response, "output")
      if (whole !== undefined && whole.length > 0) return response
      const ofItems = Map.groupBy(parts.all(), (part) => part["place"])
      const output = items.entries().map(([place, { done, item }]) => {
        const own: Pieces.Piece = JsonSnapshot.isObject(item) ? { ...item } : { type: "message", role: "assistant" }
        if (done === true) return own
        const lists = new Map<string, Array<Json>>()
        for (const { key, kind, text } of ofItems.get(place) ?? []) {
          if (typeof key !== "string") continue
          if (typeof kind !== "string") own[key] = text ?? ""
          else {
            const list = lists.get(key) ?? [...JsonFields.list(own, key) ?? []]
            lists.set(key, list)
            list.push({ type: kind, [kind === "refusal" ? kind : "text"]: text ?? "" })
            own[key] = list
          }
        }
        return own
      })
      return { ...response, object: "response", output }
    }
  }
}
