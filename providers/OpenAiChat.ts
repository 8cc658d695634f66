/**
 * OpenAI's Chat Completions, as OpenAI, Azure, DeepSeek and compatible servers speak them.
 */
import type { Fields, Question, Reply, ServerEvent, Wire } from "./Wire.ts"
import { isFields, list, pieces, text, textOf, tokens } from "./Wire.ts"

const usage = {
  prompt_tokens: tokens.input,
  completion_tokens: tokens.output,
  total_tokens: tokens.total,
  prompt_tokens_details: { cached_tokens: tokens.cached },
  completion_tokens_details: { reasoning_tokens: tokens.reasoning }
}

const head = ({ model }: Question, object: string) => ({
  id: "chatcmpl-local",
  object,
  created: 1_790_000_000,
  model: `${model}-2026-01-01`
})

const toolCall = (call: NonNullable<Reply["call"]>, given = JSON.stringify(call.arguments)): Fields => ({
  id: "call_1",
  type: "function",
  function: { name: call.name, arguments: given }
})

const question = (_path: string, body: Fields): Question => {
  const messages = list(body["messages"])
  return {
    text: textOf(messages.findLast((message) => message["role"] === "user")?.["content"]),
    tools: list(body["tools"]).map((tool) => tool["function"]).filter(isFields).map((tool) => ({
      name: text(tool["name"]),
      schema: tool["parameters"]
    })),
    hasToolResult: messages.at(-1)?.["role"] === "tool",
    isStream: body["stream"] === true,
    model: text(body["model"]),
    body
  }
}

const whole = (question: Question, { call, text, thought }: Reply): Fields => ({
  ...head(question, "chat.completion"),
  choices: [{
    index: 0,
    finish_reason: call === undefined ? "stop" : "tool_calls",
    logprobs: null,
    message: {
      role: "assistant",
      content: call === undefined ? text : null,
      refusal: null,
      ...(thought === undefined ? {} : { reasoning_content: thought }),
      ...(call === undefined ? {} : { tool_calls: [toolCall(call)] })
    }
  }],
  usage
})

const stream = (question: Question, { call, text, thought }: Reply): ReadonlyArray<ServerEvent> => {
  const options = question.body["stream_options"]
  const withUsage = isFields(options) && options["include_usage"] === true
  const chunk = (choices: ReadonlyArray<Fields>, counts: Fields | null = null): ServerEvent => ({
    data: { ...head(question, "chat.completion.chunk"), choices, ...(withUsage ? { usage: counts } : {}) }
  })
  const delta = (delta: Fields, finish_reason: string | null = null) => chunk([{ index: 0, delta, finish_reason }])
  return [
    delta({ role: "assistant", content: call === undefined ? "" : null }),
    ...(thought === undefined ? [] : pieces(thought).map((piece) => delta({ reasoning_content: piece }))),
    ...(call === undefined ? pieces(text).map((content) => delta({ content })) : [
      delta({ tool_calls: [{ index: 0, ...toolCall(call, "") }] }),
      ...pieces(JSON.stringify(call.arguments)).map((piece) =>
        delta({ tool_calls: [{ index: 0, function: { arguments: piece } }] })
      )
    ]),
    delta({}, call === undefined ? "stop" : "tool_calls"),
    ...(withUsage ? [chunk([], usage)] : []),
    { data: "[DONE]" }
  ]
}

export const failure = (status: number, message: string): Fields => ({
  error: {
    message,
    type: status === 429 ? "requests" : status < 500 ? "invalid_request_error" : "server_error",
    code: status === 429 ? "rate_limit_exceeded" : null,
    param: null
  }
})

export const headers = { "x-request-id": "req_local", "openai-version": "2020-10-01" } as const

export const wire: Wire = {
  matches: (path) => path.endsWith("/chat/completions"),
  question,
  whole,
  stream,
  failure,
  headers
}
