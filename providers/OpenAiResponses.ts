/**
 * OpenAI's Responses.
 */
import * as OpenAiChat from "./OpenAiChat.ts"
import type { Fields, Question, Reply, ServerEvent, Wire } from "./Wire.ts"
import { list, pieces, text, textOf, tokens } from "./Wire.ts"

const usage = {
  input_tokens: tokens.input,
  input_tokens_details: { cached_tokens: tokens.cached },
  output_tokens: tokens.output,
  output_tokens_details: { reasoning_tokens: tokens.reasoning },
  total_tokens: tokens.total
}

const response = ({ body, model }: Question, output: ReadonlyArray<Fields>): Fields => ({
  id: "resp_local",
  object: "response",
  created_at: 1_790_000_000,
  status: "completed",
  error: null,
  incomplete_details: null,
  instructions: body["instructions"] ?? null,
  max_output_tokens: null,
  metadata: {},
  model: `${model}-2026-01-01`,
  output,
  parallel_tool_calls: true,
  previous_response_id: null,
  reasoning: { effort: null, summary: null },
  store: true,
  temperature: body["temperature"] ?? 1,
  text: { format: { type: "text" } },
  tool_choice: "auto",
  tools: body["tools"] ?? [],
  top_p: 1,
  truncation: "disabled",
  usage,
  user: null
})

const question = (_path: string, body: Fields): Question => {
  const input = body["input"]
  const items = list(input)
  return {
    text: typeof input === "string" ? input : textOf(items.findLast((item) => item["role"] === "user")?.["content"]),
    tools: list(body["tools"]).filter((tool) => tool["type"] === "function").map((tool) => ({
      name: text(tool["name"]),
      schema: tool["parameters"]
    })),
    hasToolResult: items.at(-1)?.["type"] === "function_call_output",
    isStream: body["stream"] === true,
    model: text(body["model"]),
    body
  }
}

const reasoning = (thought: string): Fields => ({
  type: "reasoning",
  id: "rs_1",
  summary: [{ type: "summary_text", text: thought }]
})

const message = (text: string): Fields => ({
  type: "message",
  id: "msg_1",
  status: "completed",
  role: "assistant",
  content: [{ type: "output_text", text, annotations: [], logprobs: [] }]
})

const functionCall = (call: NonNullable<Reply["call"]>): Fields => ({
  type: "function_call",
  id: "fc_1",
  call_id: "call_1",
  name: call.name,
  arguments: JSON.stringify(call.arguments),
  status: "completed"
})

const output = ({ call, text, thought }: Reply): ReadonlyArray<Fields> => [
  ...(thought === undefined ? [] : [reasoning(thought)]),
  call === undefined ? message(text) : functionCall(call)
]

/** The events of one item, without the number of each. */
const itemEvents = (item: Fields, output_index: number): ReadonlyArray<Fields> => {
  const at = { output_index, item_id: item["id"] }
  const added = (start: Fields) => ({
    type: "response.output_item.added",
    output_index,
    item: { ...item, ...start }
  })
  const done = { type: "response.output_item.done", output_index, item }
  if (item["type"] === "reasoning") {
    const summary = list(item["summary"])[0]!
    return [
      added({ summary: [] }),
      { type: "response.reasoning_summary_part.added", ...at, summary_index: 0, part: { ...summary, text: "" } },
      ...pieces(text(summary["text"])).map((delta) => ({
        type: "response.reasoning_summary_text.delta",
        ...at,
        summary_index: 0,
        delta
      })),
      { type: "response.reasoning_summary_text.done", ...at, summary_index: 0, text: summary["text"] },
      { type: "response.reasoning_summary_part.done", ...at, summary_index: 0, part: summary },
      done
    ]
  }
  if (item["type"] === "function_call") {
    const given = text(item["arguments"])
    return [
      added({ arguments: "", status: "in_progress" }),
      ...pieces(given).map((delta) => ({ type: "response.function_call_arguments.delta", ...at, delta })),
      { type: "response.function_call_arguments.done", ...at, name: item["name"], arguments: given },
      done
    ]
  }
  const part = list(item["content"])[0]!
  const content = { ...at, content_index: 0 }
  return [
    added({ status: "in_progress", content: [] }),
    { type: "response.content_part.added", ...content, part: { ...part, text: "" } },
    ...pieces(text(part["text"])).map((delta) => ({
      type: "response.output_text.delta",
      ...content,
      delta,
      logprobs: []
    })),
    { type: "response.output_text.done", ...content, text: part["text"], logprobs: [] },
    { type: "response.content_part.done", ...content, part },
    done
  ]
}

const stream = (question: Question, reply: Reply): ReadonlyArray<ServerEvent> => {
  const items = output(reply)
  const begun = { ...response(question, []), status: "in_progress", usage: null }
  return [
    { type: "response.created", response: begun },
    { type: "response.in_progress", response: begun },
    ...items.flatMap(itemEvents),
    { type: "response.completed", response: response(question, items) }
  ].map((data: Fields, sequence_number) => ({ event: text(data["type"]), data: { ...data, sequence_number } }))
}

export const wire: Wire = {
  matches: (path) => path.endsWith("/responses"),
  question,
  whole: (question, reply) => response(question, output(reply)),
  stream,
  failure: OpenAiChat.failure,
  headers: OpenAiChat.headers
}
