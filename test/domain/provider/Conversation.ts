/**
 * Conversations, and how each provider and framework writes them.
 */
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"

export interface Call {
  readonly id: string
  readonly name: string
  readonly args: { readonly [key: string]: string | number }
  readonly result: string
}

export interface Turn {
  readonly question: string
  readonly thought: string
  readonly answer: string
  readonly calls: ReadonlyArray<Call>
}

const word = Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(12))
const count = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 9_999 }))

export const turns: Arbitrary.Arbitrary<ReadonlyArray<Turn>> = Arbitrary.map(
  Arbitrary.schema(
    Schema.Array(
      Schema.Struct({ words: Schema.Tuple([word, word, word]), calls: Schema.Array(Schema.Tuple([word, word, count])) })
    ).check(Schema.isMinLength(1), Schema.isMaxLength(4))
  ),
  (list) =>
    list.map(({ calls, words }, i) => ({
      question: `q${i} ${words[0].toWellFormed()}`,
      thought: `t${i} ${words[1].toWellFormed()}`,
      answer: `a${i} ${words[2].toWellFormed()}`,
      calls: calls.slice(0, 3).map(([text, result, n], j) => ({
        id: `call-${i}-${j}`,
        name: `tool_${j}`,
        args: { text: text.toWellFormed(), n },
        result: `r${i}-${j} ${result.toWellFormed()}`
      }))
    }))
)

type Writer = (turns: ReadonlyArray<Turn>) => unknown

const args = (call: Call): string => JSON.stringify(call.args)

/** The whole conversation in the form of each dialect. */
export const writers: { readonly [dialect: string]: Writer } = {
  "openai-chat": (turns) =>
    turns.flatMap((turn) => [
      { role: "user", content: [{ type: "text", text: turn.question }] },
      {
        role: "assistant",
        content: null,
        reasoning_content: turn.thought,
        tool_calls: turn.calls.map((call) => ({
          id: call.id,
          type: "function",
          function: { name: call.name, arguments: args(call) }
        }))
      },
      ...turn.calls.map((call) => ({ role: "tool", tool_call_id: call.id, content: call.result })),
      { role: "assistant", content: turn.answer }
    ]),
  "openai-responses": (turns) => ({
    model: "m",
    input: turns.flatMap((turn) => [
      { role: "user", content: [{ type: "input_text", text: turn.question }] },
      { type: "reasoning", id: "r", summary: [{ type: "summary_text", text: turn.thought }] },
      ...turn.calls.flatMap((call) => [
        { type: "function_call", call_id: call.id, name: call.name, arguments: args(call) },
        { type: "function_call_output", call_id: call.id, output: call.result }
      ]),
      { type: "message", role: "assistant", content: [{ type: "output_text", text: turn.answer, annotations: [] }] }
    ])
  }),
  anthropic: (turns) => ({
    model: "m",
    max_tokens: 10,
    messages: turns.flatMap((turn) => [
      { role: "user", content: turn.question },
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: turn.thought, signature: "s" },
          ...turn.calls.map((call) => ({ type: "tool_use", id: call.id, name: call.name, input: call.args }))
        ]
      },
      {
        role: "user",
        content: turn.calls.map((call) => ({
          type: "tool_result",
          tool_use_id: call.id,
          content: [{ type: "text", text: call.result }]
        }))
      },
      { role: "assistant", content: [{ type: "text", text: turn.answer }] }
    ])
  }),
  gemini: (turns) => ({
    contents: turns.flatMap((turn) => [
      { role: "user", parts: [{ text: turn.question }] },
      {
        role: "model",
        parts: [
          { text: turn.thought, thought: true },
          ...turn.calls.map((call) => ({ functionCall: { id: call.id, name: call.name, args: call.args } }))
        ]
      },
      {
        role: "user",
        parts: turn.calls.map((call) => ({
          functionResponse: { id: call.id, name: call.name, response: { result: call.result } }
        }))
      },
      { role: "model", parts: [{ text: turn.answer }] }
    ])
  }),
  "bedrock-converse": (turns) => ({
    modelId: "m",
    messages: turns.flatMap((turn) => [
      { role: "user", content: [{ text: turn.question }] },
      {
        role: "assistant",
        content: [
          { reasoningContent: { reasoningText: { text: turn.thought } } },
          ...turn.calls.map((call) => ({ toolUse: { toolUseId: call.id, name: call.name, input: call.args } }))
        ]
      },
      {
        role: "user",
        content: turn.calls.map((call) => ({
          toolResult: { toolUseId: call.id, content: [{ text: call.result }], status: "success" }
        }))
      },
      { role: "assistant", content: [{ text: turn.answer }] }
    ])
  }),
  "ai-sdk": (turns) =>
    turns.flatMap((turn) => [
      { role: "user", content: [{ type: "text", text: turn.question }] },
      {
        role: "assistant",
        content: [
          { type: "reasoning", text: turn.thought },
          ...turn.calls.map((call) => ({
            type: "tool-call",
            toolCallId: call.id,
            toolName: call.name,
            input: call.args
          }))
        ]
      },
      {
        role: "tool",
        content: turn.calls.map((call) => ({
          type: "tool-result",
          toolCallId: call.id,
          toolName: call.name,
          output: { type: "text", value: call.result }
        }))
      },
      { role: "assistant", content: turn.answer }
    ]),
  "ai-sdk-ui": (turns) =>
    turns.flatMap((turn) => [
      { id: "1", role: "user", parts: [{ type: "text", text: turn.question }] },
      {
        id: "2",
        role: "assistant",
        parts: [
          { type: "step-start" },
          { type: "reasoning", text: turn.thought, state: "done" },
          ...turn.calls.map((call) => ({
            type: `tool-${call.name}`,
            toolCallId: call.id,
            state: "output-available",
            input: call.args,
            output: call.result
          })),
          { type: "text", text: turn.answer, state: "done" }
        ]
      }
    ]),
  langchain: (turns) =>
    turns.flatMap((turn) => [
      { type: "human", data: { content: turn.question } },
      {
        lc: 1,
        type: "constructor",
        id: ["langchain_core", "messages", "AIMessage"],
        kwargs: {
          content: turn.calls.map((call) => ({ type: "tool_use", id: call.id, name: call.name, input: call.args })),
          additional_kwargs: { reasoning_content: turn.thought },
          tool_calls: turn.calls.map((call) => ({ type: "tool_call", id: call.id, name: call.name, args: call.args }))
        }
      },
      ...turn.calls.map((call) => ({ type: "tool", content: call.result, tool_call_id: call.id, name: call.name })),
      ["ai", turn.answer]
    ]),
  "effect-ai": (turns) => ({
    "~effect/ai/Prompt": "~effect/ai/Prompt",
    content: turns.flatMap((turn) => [
      { role: "user", content: [{ type: "text", text: turn.question, options: {} }], options: {} },
      {
        role: "assistant",
        content: [
          { type: "reasoning", text: turn.thought, options: {} },
          ...turn.calls.map((call) => ({ type: "tool-call", id: call.id, name: call.name, params: call.args })),
          ...turn.calls.map((call) => ({
            type: "tool-result",
            id: call.id,
            name: call.name,
            isFailure: false,
            result: call.result
          })),
          { type: "text", text: turn.answer, options: {} }
        ],
        options: {}
      }
    ])
  }),
  "gen-ai": (turns) =>
    turns.flatMap((turn) => [
      { role: "user", parts: [{ type: "text", content: turn.question }] },
      {
        role: "assistant",
        parts: [
          { type: "reasoning", content: turn.thought },
          ...turn.calls.map((call) => ({ type: "tool_call", id: call.id, name: call.name, arguments: call.args }))
        ]
      },
      {
        role: "tool",
        parts: turn.calls.map((call) => ({ type: "tool_call_response", id: call.id, response: call.result }))
      },
      { role: "assistant", parts: [{ type: "text", content: turn.answer }] }
    ]),
  ours: (turns) =>
    turns.flatMap((turn) => [
      turn.question,
      { role: "reasoning", content: turn.thought },
      {
        role: "assistant",
        toolCalls: turn.calls.map((call) => ({ toolId: call.id, name: call.name, arguments: call.args })),
        toolResults: turn.calls.map((call) => ({ toolId: call.id, name: call.name, result: call.result })),
        content: turn.answer
      }
    ])
}
