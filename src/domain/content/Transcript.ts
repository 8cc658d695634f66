/**
 * The messages of one side of an llm span, while they are put together from any shape.
 *
 * **Details**
 *
 * A message begins with its role, and then takes texts, tool calls, tool results and media in their order. Reasoning is
 * a message of its own with the role `reasoning`, before the answer that it led to.
 *
 * @since 0.2.0
 */
import type { Json, JsonObject } from "../json/JsonSnapshot.ts"
import * as JsonSnapshot from "../json/JsonSnapshot.ts"
import * as JsonText from "../json/JsonText.ts"

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
 * The answer of a tool.
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
 * Sound or a picture: its base64 text, or the key of an attachment that is stored elsewhere.
 *
 * @category models
 * @since 0.1.0
 */
export type MediaPart =
  | { readonly mime_type: string; readonly content: string }
  | { readonly mime_type: string; readonly attachment_key: string }

/**
 * A message with the names it has in the event. `content` and `role` are always present, possibly as `""`.
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

// The role of messages that hold a model's reasoning.
const reasoningRole = "reasoning"

interface Draft {
  role: string
  content: string
  tool_calls?: Array<ToolCall>
  tool_results?: Array<ToolResult>
  audio_parts?: Array<MediaPart>
  image_parts?: Array<MediaPart>
}

// In the event, arguments sit six levels below `meta`, where structure ends at the twelfth.
const argumentDepth = JsonSnapshot.defaultLimits.depth - 6

// More than the keys, quotes and defaults of a message, a call, a result or a media part.
const itemBytes = 96

/**
 * Builds the messages of one side, a part at a time, and counts their bytes.
 *
 * @category models
 * @since 0.2.0
 */
export class Transcript {
  readonly messages: Array<Draft> = []
  /** The bytes of the messages beyond those of their texts. */
  bytes = 0
  /** Whether structure became text, which can double its size. */
  rendered = false
  private current: Draft | undefined
  private role = ""
  /** The ids of the tool calls of the message at hand. */
  readonly called = new Set<string>()
  private reasoned: Draft | undefined

  /** Begins a message. It is recorded even if no part follows. */
  begin(role: string): void {
    this.role = role
    this.called.clear()
    this.reasoned = undefined
    this.current = this.push(role)
  }

  /** Adds a text. An assistant's text continues the one before; other texts become paragraphs. */
  text(text: string): void {
    if (text === "") return
    const message = this.open()
    message.content += message.content === "" || message.role === "assistant" ? text : `\n${text}`
    this.bytes += 2
  }

  /** Reasoning, in a message of its own. */
  reasoning(text: string): void {
    if (text === "") return
    if (this.current !== undefined && isBare(this.current)) this.messages.pop()
    this.current = undefined
    const last = this.messages[this.messages.length - 1]
    if (last !== undefined && last === this.reasoned) last.content += text
    else {
      this.reasoned = this.push(reasoningRole)
      this.reasoned.content = text
    }
  }

  /** A tool call. Arguments that are text are parsed; arguments that are no object are kept under `value`. */
  call(name: string, given: Json | undefined, id?: string | undefined, type?: string | undefined): void {
    if (id !== undefined && id !== "") this.called.add(id)
    const calls = this.open().tool_calls ??= []
    this.bytes += itemBytes
    calls.push({
      name,
      arguments: this.argumentsOf(given),
      ...(id === undefined || id === "" ? undefined : { tool_id: id }),
      ...(type === undefined ? undefined : { type })
    })
  }

  /** The answer of a tool. A value that is no text becomes JSON text. */
  result(
    given: Json | undefined,
    more: { name?: string | undefined; id?: string | undefined; type?: string | undefined }
  ): void {
    const results = this.open().tool_results ??= []
    this.bytes += itemBytes
    results.push({
      result: this.textOf(given),
      ...(more.name === undefined ? undefined : { name: more.name }),
      ...(more.id === undefined || more.id === "" ? undefined : { tool_id: more.id }),
      ...(more.type === undefined ? undefined : { type: more.type })
    })
  }

  /** A picture or sound as base64 text or data URL. Other media, and media elsewhere, are named in the text. */
  media(mime: string, given: string, name?: string | undefined): void {
    this.bytes += itemBytes + mime.length * 6
    const data = dataUrl.exec(given.length > 512 ? given.slice(0, 512) : given)
    if (data !== null) return this.media(data[1] || mime, given.slice(data[0].length), name)
    const isElsewhere = given.length <= 8_192 && /^[a-z][a-z0-9+.-]*:/i.test(given)
    const kind = mime.startsWith("image/") ? "image_parts" : mime.startsWith("audio/") ? "audio_parts" : undefined
    if (isElsewhere) return this.text(`[${mime}] ${given}`)
    if (kind === undefined) {
      return this.text(`[${mime}${name === undefined ? "" : ` ${name}`}, ${given.length} characters]`)
    }
    const parts = this.open()[kind] ??= []
    parts.push({ mime_type: mime, content: given })
  }

  /** A media part that already has its form in the event. */
  mediaPart(kind: "audio_parts" | "image_parts", part: MediaPart): void {
    const parts = this.open()[kind] ??= []
    this.bytes += itemBytes
    parts.push(part)
  }

  /** The text of a value; structure becomes JSON text. */
  textOf(json: Json | undefined): string {
    if (json === undefined) return ""
    if (typeof json === "string") return json
    this.rendered = true
    return JsonText.render(json)
  }

  private open(): Draft {
    return this.current ??= this.push(this.role)
  }

  private push(role: string): Draft {
    const message: Draft = { content: "", role }
    this.messages.push(message)
    this.bytes += itemBytes + role.length * 6
    return message
  }

  private argumentsOf(given: Json | undefined): JsonObject {
    let json = given ?? {}
    if (typeof json === "string") {
      const snapshot = JsonSnapshot.take(parsed(json), JsonText.limits)
      json = snapshot.value ?? {}
      this.bytes += snapshot.bytes
    }
    const nested = JsonSnapshot.flatten(json, argumentDepth)
    if (nested !== json) this.rendered = true
    return JsonSnapshot.isObject(nested) ? nested : { value: nested }
  }
}

const isBare = (message: Draft): boolean =>
  message.content === "" && message.tool_calls === undefined && message.tool_results === undefined &&
  message.audio_parts === undefined && message.image_parts === undefined

const dataUrl = /^data:([a-z0-9.+/-]*)(?:;[a-z0-9=.+-]+)*;base64,/i

// The arguments of an interrupted stream are no JSON and stay text.
const parsed = (text: string): unknown => {
  if (text.trim() === "") return {}
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
