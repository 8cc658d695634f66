/**
 * One message of any shape: `{ role, content }` or `{ role, parts }` with the members that providers add, a text, or a
 * content part without a message.
 *
 * @since 0.2.0
 */
import type { MediaPart, Message, Transcript } from "../content/Transcript.ts"
import * as JsonFields from "../json/JsonFields.ts"
import type { Json, JsonObject } from "../json/JsonSnapshot.ts"
import * as JsonSnapshot from "../json/JsonSnapshot.ts"
import * as Dialects from "./Dialects.ts"
import * as LangChain from "./LangChain.ts"
import * as ToolOutput from "./ToolOutput.ts"

/**
 * The receiver of messages and of reports about unreadable ones. `role` is the role of a message without one.
 *
 * @category models
 * @since 0.2.0
 */
export interface Reader {
  readonly into: Transcript
  readonly role: string
  /** The place of the reader, for problems: the keys and indexes below the side. */
  readonly path: Array<string | number>
  /** Notes a value that no dialect knows. It is recorded as JSON text. */
  readonly unknown: () => void
  /** Notes a part of the wrong type, which is left out. */
  readonly wrong: (message: string) => void
}

/**
 * Whether an object is a message, by its members.
 *
 * @category guards
 * @since 0.2.0
 */
export const isMessage = (json: JsonObject): boolean => members.some((key) => Object.hasOwn(json, key))

/**
 * Whether a value is a message with a usual role, a text and no other member.
 *
 * @category guards
 * @since 0.2.0
 */
export const isPlain = (json: Json): json is { readonly role: string; readonly content: string } =>
  JsonSnapshot.isObject(json) && typeof json["content"] === "string" && usual.has(json["role"]) &&
  Object.keys(json).length === 2

/**
 * Reads a message as `isPlain` describes it before it is copied: an object without a class, whose text is well-formed.
 * `undefined` for any other value. It throws what the value throws.
 *
 * @category constructors
 * @since 0.2.0
 */
export const plain = (value: unknown): Message | undefined => {
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return undefined
  const keys = Object.keys(value)
  const known = keys.length === 2 &&
    (keys[0] === "role" ? keys[1] === "content" : keys[0] === "content" && keys[1] === "role")
  if (!known || "toJSON" in value) return undefined
  const { content, role } = value as { readonly role: Json; readonly content: unknown }
  return typeof content === "string" && usual.has(role) && content.isWellFormed()
    ? { content, role: role as string }
    : undefined
}

const members = [
  "role",
  "content",
  "parts",
  "tool_calls",
  "toolCalls",
  "tool_results",
  "toolResults",
  "image_parts",
  "imageParts",
  "audio_parts",
  "audioParts"
]

/**
 * Reads one message into the transcript.
 *
 * @category combinators
 * @since 0.2.0
 */
export const read = (message: JsonObject, reader: Reader): void => {
  const { into } = reader
  const role = roleOf(message, reader)
  into.begin(role)
  for (const key of reasoning) into.reasoning(JsonFields.text(message, key) ?? "")
  const id = JsonFields.text(message, "tool_call_id", "toolCallId")
  // OpenAI and LangChain put the answer of a tool into a message of its own.
  if (id !== undefined && (role === "tool" || role === "function")) {
    into.result(ToolOutput.unwrap(JsonFields.first(message, "content")), {
      id,
      name: JsonFields.text(message, "name"),
      type: message["status"] === "error" ? "tool_error" : "tool_result"
    })
  } else parts(message, "content", reader)
  parts(message, "parts", reader)
  into.text(JsonFields.text(message, "refusal") ?? "")
  spoken(JsonFields.object(message, "audio"), reader)
  native(message, reader)
}

const reasoning = ["reasoning_content", "reasoning"]

const usual: ReadonlySet<Json | undefined> = new Set(["user", "assistant", "system", "tool", "developer"])

const roleOf = (message: JsonObject, reader: Reader): string => {
  const given = JsonFields.member(message, "role")
  if (usual.has(given)) return given as string
  if (given === undefined || given === null || given === "") return reader.role
  // Gemini calls the assistant `model`. Beside a plain text, `model` is a role that the user chose.
  if (given === "model" && Object.hasOwn(message, "parts")) return "assistant"
  if (typeof given === "string") return LangChain.roleOf(given) ?? given
  reader.path.push("role")
  reader.wrong("The role of a message must be a text. The default is used.")
  reader.path.pop()
  return reader.role
}

// A spoken answer, with its transcript.
const spoken = (audio: JsonObject | undefined, { into }: Reader): void => {
  if (audio === undefined) return
  into.text(JsonFields.text(audio, "transcript") ?? "")
  const data = JsonFields.text(audio, "data")
  if (data !== undefined) into.media(`audio/${JsonFields.text(audio, "format") ?? "*"}`, data)
}

const parts = (message: JsonObject, key: string, reader: Reader): void => {
  const content = JsonFields.first(message, key)
  if (content === undefined) return
  if (typeof content === "string") return reader.into.text(content)
  reader.path.push(key)
  if (!JsonSnapshot.isArray(content)) part(content, reader)
  else {
    for (let i = 0; i < content.length; i++) {
      reader.path.push(i)
      part(content[i]!, reader)
      reader.path.pop()
    }
  }
  reader.path.pop()
}

/**
 * Adds a content part to the current message. A part that no dialect knows becomes JSON text.
 *
 * @category combinators
 * @since 0.2.0
 */
export const part = (json: Json, reader: Reader): void => {
  const { into } = reader
  if (typeof json === "string") return into.text(json)
  if (json === null) return
  if (JsonSnapshot.isObject(json) && Dialects.firstOf((dialect) => dialect.part?.(json, into)) !== undefined) return
  unknown(json, reader)
}

const unknown = (json: Json, reader: Reader): void => {
  reader.unknown()
  reader.into.text(reader.into.textOf(json))
}

const lists = [
  ["tool_calls", "toolCalls"],
  ["tool_results", "toolResults"],
  ["invalid_tool_calls"]
] as const

// Calls, results and media in members beside the content.
const native = (message: JsonObject, reader: Reader): void => {
  const legacy = JsonFields.object(message, "function_call")
  if (legacy !== undefined) call(legacy, reader)
  // Some frameworks list a call twice: in the content and beside it.
  const inContent = new Set(reader.into.called)
  for (const keys of lists) {
    each(message, keys, reader, (item) =>
      keys[0] === "tool_results"
        ? result(item, reader)
        : inContent.has(JsonFields.text(item, ...ids) ?? "") || call(item, reader))
  }
  for (const kind of ["audio_parts", "image_parts"] as const) {
    each(message, [kind, kind === "audio_parts" ? "audioParts" : "imageParts"], reader, (item) => {
      const media = mediaPartOf(item)
      if (media !== undefined) reader.into.mediaPart(kind, media)
      return media !== undefined
    })
  }
}

const each = (
  message: JsonObject,
  keys: ReadonlyArray<string>,
  reader: Reader,
  add: (item: JsonObject) => boolean
): void => {
  const given = JsonFields.first(message, ...keys)
  if (given === undefined) return
  reader.path.push(keys[keys.length - 1]!)
  if (!JsonSnapshot.isArray(given)) unknown(given, reader)
  else {
    for (let i = 0; i < given.length; i++) {
      const item = given[i]!
      reader.path.push(i)
      if (!JsonSnapshot.isObject(item) || !add(item)) unknown(item, reader)
      reader.path.pop()
    }
  }
  reader.path.pop()
}

const call = (item: JsonObject, { into }: Reader): boolean => {
  const of = JsonFields.object(item, "function", "custom") ?? item
  const name = JsonFields.text(of, "name", "toolName")
  if (name === undefined || name === "") return false
  const given = JsonFields.first(of, "arguments", "args", "input", "params")
  into.call(name, given, JsonFields.text(item, ...ids), JsonFields.text(item, "type"))
  return true
}

const ids = ["toolId", "tool_id", "id", "call_id", "toolCallId"]

const result = (item: JsonObject, { into }: Reader): boolean => {
  const given = JsonFields.first(item, "result", "output")
  if (given === undefined) return false
  into.result(ToolOutput.unwrap(given), {
    name: JsonFields.text(item, "name", "toolName"),
    id: JsonFields.text(item, ...ids),
    type: JsonFields.text(item, "type")
  })
  return true
}

const mediaPartOf = (item: JsonObject): MediaPart | undefined => {
  const mime = JsonFields.text(item, "mimeType", "mime_type")
  const content = JsonFields.text(item, "content")
  const key = JsonFields.text(item, "attachmentKey", "attachment_key")
  if (mime === undefined || mime === "" || (content === undefined) === (key === undefined)) return undefined
  return content === undefined ? { mime_type: mime, attachment_key: key! } : { mime_type: mime, content }
}
