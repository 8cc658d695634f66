/**
 * The chat model, behind the official `openai` client.
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import OpenAI from "openai"

/** The name of the model, as the requests and the spans have it. */
export const name = "gpt-5-mini"

/** A call of a tool that the model asks for. */
export interface ToolCall {
  readonly toolId: string
  readonly name: string
  readonly arguments: { readonly [key: string]: unknown }
}

/** A message of a conversation. */
export interface Message {
  readonly role: "system" | "user" | "assistant" | "tool"
  readonly content: string
  readonly toolCalls?: ReadonlyArray<ToolCall>
  readonly toolResults?: ReadonlyArray<{ readonly toolId: string; readonly name: string; readonly result: string }>
}

/** A tool that the model may ask for; `schema` is the JSON Schema of its arguments. */
export interface Tool {
  readonly name: string
  readonly description: string
  readonly schema: { readonly [key: string]: unknown }
}

export interface Usage {
  readonly inputTokens: number
  readonly outputTokens: number
}

export interface Reply {
  readonly message: Message
  readonly usage: Usage
}

/** A piece of a streamed reply. The usage comes once, with the last piece. */
export interface Piece {
  readonly text: string
  readonly usage: Usage | undefined
}

/** The model could not be asked, or its answer could not be used. */
export class ModelError extends Data.TaggedError("ModelError")<{ readonly cause: unknown }> {}

export class ChatModel extends Context.Service<ChatModel, {
  readonly ask: (messages: ReadonlyArray<Message>, tools: ReadonlyArray<Tool>) => Effect.Effect<Reply, ModelError>
  readonly stream: (messages: ReadonlyArray<Message>) => Stream.Stream<Piece, ModelError>
}>()("examples/support-chat/ChatModel") {}

const failed = (cause: unknown): ModelError => new ModelError({ cause })

const make = (baseURL: string): typeof ChatModel.Service => {
  const client = new OpenAI({ baseURL, apiKey: "sk-example", maxRetries: 0 })
  return {
    ask: (messages, tools) =>
      Effect.tryPromise({
        try: async (signal) => {
          const completion = await client.chat.completions.create(
            { model: name, messages: messages.map(toWire), tools: tools.map(toolToWire) },
            { signal }
          )
          return { message: fromWire(completion.choices[0]?.message), usage: usageOf(completion.usage) }
        },
        catch: failed
      }),
    stream: (messages) =>
      Stream.unwrap(Effect.tryPromise({
        try: async (signal) => {
          const chunks = await client.chat.completions.create(
            { model: name, messages: messages.map(toWire), stream: true, stream_options: { include_usage: true } },
            { signal }
          )
          return Stream.map(Stream.fromAsyncIterable(chunks, failed), (chunk): Piece => ({
            text: chunk.choices[0]?.delta.content ?? "",
            usage: chunk.usage ? usageOf(chunk.usage) : undefined
          }))
        },
        catch: failed
      }))
  }
}

/** The model at an address that speaks OpenAI's API, such as `https://api.openai.com/v1`. */
export const layer = (baseURL: string): Layer.Layer<ChatModel> => Layer.sync(ChatModel, () => make(baseURL))

const usageOf = (usage: OpenAI.CompletionUsage | undefined): Usage => ({
  inputTokens: usage?.prompt_tokens ?? 0,
  outputTokens: usage?.completion_tokens ?? 0
})

const toolToWire = (tool: Tool): OpenAI.ChatCompletionTool => ({
  type: "function",
  function: { name: tool.name, description: tool.description, parameters: tool.schema }
})

const toWire = (message: Message): OpenAI.ChatCompletionMessageParam => {
  switch (message.role) {
    case "tool":
      return { role: "tool", tool_call_id: message.toolResults?.[0]?.toolId ?? "", content: message.content }
    case "assistant":
      return message.toolCalls === undefined ? { role: "assistant", content: message.content } : {
        role: "assistant",
        content: message.content,
        tool_calls: message.toolCalls.map((call) => ({
          id: call.toolId,
          type: "function",
          function: { name: call.name, arguments: JSON.stringify(call.arguments) }
        }))
      }
    default:
      return { role: message.role, content: message.content }
  }
}

// Throws, on arguments that are no JSON, inside the promise that turns it into a ModelError.
const fromWire = (message: OpenAI.ChatCompletionMessage | undefined): Message => ({
  role: "assistant",
  content: message?.content ?? "",
  toolCalls: (message?.tool_calls ?? []).flatMap((call) =>
    call.type === "function"
      ? [{ toolId: call.id, name: call.function.name, arguments: JSON.parse(call.function.arguments) }]
      : []
  )
})
