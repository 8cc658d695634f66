/**
 * Chat messages: the input and the output of an llm span.
 *
 * @since 0.1.0
 */
import type { Measured } from "../json/JsonSnapshot.ts"
import * as Exchange from "../provider/Exchange.ts"
import type * as Transcript from "./Transcript.ts"

/**
 * A message with the names it has in the event.
 *
 * @category models
 * @since 0.1.0
 */
export type Message = Transcript.Message

/**
 * A tool that the model asks for.
 *
 * @category models
 * @since 0.1.0
 */
export type ToolCall = Transcript.ToolCall

/**
 * The answer of a tool.
 *
 * @category models
 * @since 0.1.0
 */
export type ToolResult = Transcript.ToolResult

/**
 * Sound or a picture: its base64 text, or the key of an attachment that is stored elsewhere.
 *
 * @category models
 * @since 0.1.0
 */
export type MediaPart = Transcript.MediaPart

/**
 * A tool call as users write it. The name `tool_id` is read too.
 *
 * @category models
 * @since 0.1.0
 */
export interface ToolCallInput {
  readonly name: string
  /** An object, or its JSON text. */
  readonly arguments: { readonly [key: string]: unknown } | string
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
  readonly content?: string | null | undefined
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

/**
 * Reads one side of an llm span. `path` names the side in problems: `input` or `output`.
 *
 * **Details**
 *
 * The parser also reads the messages of providers and frameworks unchanged: see `Exchange`. A message without a role is
 * the user's in an input and the assistant's in an output. A bad part is left out, with a problem. The value is
 * `undefined` for an empty list and for `undefined` itself, which set nothing. Unknown keys of a message are left out.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse = (input: unknown, path: string): Measured<ReadonlyArray<Message> | undefined> => {
  const { bytes, problems, value } = Exchange.read(input, path === "output" ? "output" : "input", path)
  return { value: value.messages, bytes: value.messages === undefined ? 0 : bytes, problems }
}
