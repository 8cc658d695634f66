/**
 * Anthropic's Messages.
 */
import type { Fields, Question, Reply, ServerEvent, Wire } from "./Wire.ts"
import { list, pieces, text, textOf, tokens } from "./Wire.ts"

// Cached tokens are not part of `input_tokens` here.
const usage = {
  input_tokens: tokens.input - tokens.cached - tokens.written,
  cache_read_input_tokens: tokens.cached,
  cache_creation_input_tokens: tokens.written,
  cache_creation: { ephemeral_5m_input_tokens: tokens.written, ephemeral_1h_input_tokens: 0 },
  output_tokens: tokens.output,
  output_tokens_details: { thinking_tokens: tokens.reasoning },
  service_tier: "standard"
}

const question = (_path: string, body: Fields): Question => {
  const messages = list(body["messages"])
  const isResult = (message: Fields | undefined) =>
    list(message?.["content"]).some((block) => block["type"] === "tool_result")
  return {
    text: textOf(messages.findLast((message) => message["role"] === "user" && !isResult(message))?.["content"]),
    tools: list(body["tools"]).map((tool) => ({ name: text(tool["name"]), schema: tool["input_schema"] })),
    hasToolResult: isResult(messages.at(-1)),
    isStream: body["stream"] === true,
    model: text(body["model"]),
    body
  }
}

const content = ({ call, text, thought }: Reply): ReadonlyArray<Fields> => [
  ...(thought === undefined ? [] : [{ type: "thinking", thinking: thought, signature: "sig" }]),
  ...(call === undefined
    ? [{ type: "text", text }]
    : [{ type: "text", text: "I look." }, { type: "tool_use", id: "toolu_1", name: call.name, input: call.arguments }])
]

const whole = ({ model }: Question, reply: Reply): Fields => ({
  id: "msg_local",
  type: "message",
  role: "assistant",
  model: `${model}-20260901`,
  content: content(reply),
  stop_reason: reply.call === undefined ? "end_turn" : "tool_use",
  stop_sequence: null,
  usage
})

const blockEvents = (block: Fields, index: number): ReadonlyArray<Fields> => {
  const [start, deltas] = block["type"] === "text"
    ? [{ type: "text", text: "" }, pieces(text(block["text"])).map((text) => ({ type: "text_delta", text }))]
    : block["type"] === "thinking"
    ? [
      { type: "thinking", thinking: "", signature: "" },
      [
        ...pieces(text(block["thinking"])).map((thinking) => ({ type: "thinking_delta", thinking })),
        { type: "signature_delta", signature: block["signature"] }
      ]
    ]
    : [
      { ...block, input: {} },
      pieces(JSON.stringify(block["input"])).map((partial_json) => ({ type: "input_json_delta", partial_json }))
    ]
  return [
    { type: "content_block_start", index, content_block: start },
    ...deltas.map((delta) => ({ type: "content_block_delta", index, delta })),
    { type: "content_block_stop", index }
  ]
}

const stream = (question: Question, reply: Reply): ReadonlyArray<ServerEvent> => {
  const message = whole(question, reply)
  return [
    {
      type: "message_start",
      message: { ...message, content: [], stop_reason: null, usage: { ...usage, output_tokens: 1 } }
    },
    { type: "ping" },
    ...content(reply).flatMap(blockEvents),
    {
      type: "message_delta",
      delta: { stop_reason: message["stop_reason"], stop_sequence: null },
      usage: { output_tokens: usage.output_tokens, output_tokens_details: usage.output_tokens_details }
    },
    { type: "message_stop" }
  ].map((data: Fields) => ({ event: text(data["type"]), data }))
}

const kinds: { readonly [status: number]: string } = {
  400: "invalid_request_error",
  401: "authentication_error",
  404: "not_found_error",
  429: "rate_limit_error",
  529: "overloaded_error"
}

export const wire: Wire = {
  matches: (path) => path.endsWith("/v1/messages"),
  question,
  whole,
  stream,
  failure: (status, message) => ({
    type: "error",
    error: { type: kinds[status] ?? "api_error", message },
    request_id: "req_local"
  }),
  headers: { "request-id": "req_local" }
}
