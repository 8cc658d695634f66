/**
 * Chat messages: what an llm span records as its input and output.
 *
 * @since 0.1.0
 */
import * as JsonSnapshot from "../json/JsonSnapshot.ts"
import type { Json, JsonObject, Measured } from "../json/JsonSnapshot.ts"
import * as Problem from "../Problem.ts"

/**
 * A tool that the model asks for.
 *
 * @category models
 * @since 0.1.0
 */
export interface ToolCall {
  readonly name: string
  readonly arguments: JsonObject
  readonly tool_id?: string
  readonly type?: string
}

/**
 * What a tool answered.
 *
 * @category models
 * @since 0.1.0
 */
export interface ToolResult {
  readonly result: string
  readonly name?: string
  readonly tool_id?: string
  readonly type?: string
}

/**
 * Sound or a picture: its base64 text, or the key of an attachment stored elsewhere.
 *
 * @category models
 * @since 0.1.0
 */
export type MediaPart =
  | { readonly mime_type: string; readonly content: string }
  | { readonly mime_type: string; readonly attachment_key: string }

/**
 * A message with the names it has in the event. `content` and `role` are always there, if need be as `""`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Message {
  readonly content: string
  readonly role: string
  readonly tool_calls?: ReadonlyArray<ToolCall>
  readonly tool_results?: ReadonlyArray<ToolResult>
  readonly audio_parts?: ReadonlyArray<MediaPart>
  readonly image_parts?: ReadonlyArray<MediaPart>
}

/**
 * A tool call as users write it. The name `tool_id` is read too.
 *
 * @category models
 * @since 0.1.0
 */
export interface ToolCallInput {
  readonly name: string
  readonly arguments: { readonly [key: string]: unknown }
  readonly toolId?: string | undefined
  readonly type?: string | undefined
}

/**
 * A tool result as users write it. The name `tool_id` is read too.
 *
 * @category models
 * @since 0.1.0
 */
export interface ToolResultInput {
  readonly result: string
  readonly name?: string | undefined
  readonly toolId?: string | undefined
  readonly type?: string | undefined
}

/**
 * Sound or a picture as users write it. The names `mime_type` and `attachment_key` are read too.
 *
 * @category models
 * @since 0.1.0
 */
export type MediaPartInput =
  | { readonly mimeType: string; readonly content: string; readonly attachmentKey?: undefined }
  | { readonly mimeType: string; readonly attachmentKey: string; readonly content?: undefined }

/**
 * A message as users write it: a text alone, or an object. The names of `Message` are read too.
 *
 * @category models
 * @since 0.1.0
 */
export type MessageInput = string | {
  readonly role?: string | undefined
  readonly content?: string | undefined
  readonly toolCalls?: ReadonlyArray<ToolCallInput> | undefined
  readonly toolResults?: ReadonlyArray<ToolResultInput> | undefined
  readonly audioParts?: ReadonlyArray<MediaPartInput> | undefined
  readonly imageParts?: ReadonlyArray<MediaPartInput> | undefined
}

/**
 * One side of an llm span as users write it.
 *
 * @category models
 * @since 0.1.0
 */
export type MessagesInput = MessageInput | ReadonlyArray<MessageInput>

// `"content":"","role":""` and the braces, where the user gave less.
const addedBytes = 32

/**
 * Reads one side of an llm span. `path` names the side in problems: `input` or `output`.
 *
 * **Details**
 *
 * One message that cannot be read fails the side: half a conversation would mislead. The value is then `undefined`, as
 * it is for an empty list and for `undefined` itself, which set nothing. Unknown keys are left out. Optional texts of
 * tool calls and results that are not texts are left out too; the message stays.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse = (input: unknown, path: string): Measured<ReadonlyArray<Message> | undefined> => {
  // In the event a list of messages sits two levels below `meta`.
  const snapshot = JsonSnapshot.take(input, isList(input) ? inList : alone, path)
  if (snapshot.value === undefined) return { value: undefined, bytes: 0, problems: snapshot.problems }
  const list = JsonSnapshot.isArray(snapshot.value) ? snapshot.value : undefined
  const items = list ?? [snapshot.value]
  const messages: Array<Message> = []
  for (let i = 0; i < items.length; i++) {
    const message = messageOf(items[i]!, list === undefined ? path : `${path}[${i}]`)
    if (isProblem(message)) return { value: undefined, bytes: 0, problems: [...snapshot.problems, message] }
    messages.push(message)
  }
  return messages.length === 0
    ? { value: undefined, bytes: 0, problems: snapshot.problems }
    : { value: messages, bytes: snapshot.bytes + messages.length * addedBytes, problems: snapshot.problems }
}

const inList = JsonSnapshot.limitsBelowMeta(2)
const alone = JsonSnapshot.limitsBelowMeta(3)

// `Array.isArray` throws for a proxy that was revoked.
const isList = (input: unknown): boolean => {
  try {
    return Array.isArray(input)
  } catch {
    return false
  }
}

const isProblem = (u: object): u is Problem.Problem => "code" in u

const problem = (message: string, path: string): Problem.Problem => Problem.make("invalid_io_messages", message, path)

type Writable<A> = { -readonly [K in keyof A]: A[K] }

const messageOf = (json: Json, path: string): Message | Problem.Problem => {
  if (typeof json === "string") return { content: json, role: "" }
  if (!JsonSnapshot.isObject(json)) return problem("A message must be a text or an object.", path)
  const content: Json | undefined = json["content"]
  if (content !== undefined && typeof content !== "string") {
    return problem("The content of a message must be a text; leave it out if there is none.", `${path}.content`)
  }
  const role = json["role"] || ""
  if (typeof role !== "string") return problem("The role of a message must be a text.", `${path}.role`)
  const message: Writable<Message> = { content: content ?? "", role }
  for (const part of parts) {
    const list: Json | undefined = json[part.camel] ?? json[part.snake]
    if (list === undefined || list === null) continue
    const at = `${path}.${part.camel}`
    if (!JsonSnapshot.isArray(list)) return problem("This must be a list.", at)
    const out: Array<ToolCall | ToolResult | MediaPart> = []
    for (let i = 0; i < list.length; i++) {
      const item = list[i]!
      const read = JsonSnapshot.isObject(item)
        ? part.read(item, `${at}[${i}]`)
        : problem("This must be an object.", `${at}[${i}]`)
      if (isProblem(read)) return read
      out.push(read)
    }
    if (out.length > 0) message[part.snake] = out as never
  }
  return message
}

const toolCallOf = (json: JsonObject, path: string): ToolCall | Problem.Problem => {
  const name: Json | undefined = json["name"]
  const args: Json | undefined = json["arguments"]
  if (typeof name !== "string" || name === "") return problem("A tool call must have a name.", `${path}.name`)
  if (!JsonSnapshot.isObject(args)) {
    return problem(
      "The arguments of a tool call must be an object; parse them if they are JSON text.",
      `${path}.arguments`
    )
  }
  const call: Writable<ToolCall> = { name, arguments: args }
  const id = json["toolId"] ?? json["tool_id"]
  if (typeof id === "string") call.tool_id = id
  if (typeof json["type"] === "string") call.type = json["type"]
  return call
}

const toolResultOf = (json: JsonObject, path: string): ToolResult | Problem.Problem => {
  const result: Json | undefined = json["result"]
  if (typeof result !== "string") return problem("The result of a tool must be a text.", `${path}.result`)
  const out: Writable<ToolResult> = { result }
  const id = json["toolId"] ?? json["tool_id"]
  if (typeof json["name"] === "string") out.name = json["name"]
  if (typeof id === "string") out.tool_id = id
  if (typeof json["type"] === "string") out.type = json["type"]
  return out
}

const mediaPartOf = (json: JsonObject, path: string): MediaPart | Problem.Problem => {
  const mime = json["mimeType"] ?? json["mime_type"]
  if (typeof mime !== "string" || mime === "") return problem("A media part must have a mimeType.", `${path}.mimeType`)
  const content: Json = json["content"] ?? null
  const key: Json = json["attachmentKey"] ?? json["attachment_key"] ?? null
  if (typeof content === "string" && key === null) return { mime_type: mime, content }
  if (typeof key === "string" && content === null) return { mime_type: mime, attachment_key: key }
  return problem("A media part must have either content or attachmentKey, as text.", path)
}

const parts = [
  { camel: "toolCalls", snake: "tool_calls", read: toolCallOf },
  { camel: "toolResults", snake: "tool_results", read: toolResultOf },
  { camel: "audioParts", snake: "audio_parts", read: mediaPartOf },
  { camel: "imageParts", snake: "image_parts", read: mediaPartOf }
] as const
