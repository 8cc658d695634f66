import { assert, describe, it } from "@effect/vitest"
import type { OtelSpan } from "../../../src/domain/semconv/OtelSpan.ts"
import * as OtelSpans from "../../../src/domain/semconv/OtelSpan.ts"
import * as SemanticConventions from "../../../src/domain/semconv/SemanticConventions.ts"
import * as Annotation from "../../../src/domain/span/Annotation.ts"
import * as HostileValue from "../HostileValue.ts"

/** A span as the recorder gets it. */
const recorded = (attributes: OtelSpan["attributes"], events: OtelSpan["events"] = []) => {
  const span = { name: "span", attributes, events }
  const reading = SemanticConventions.read(span)
  assert.strictEqual(SemanticConventions.matches(span), reading !== undefined)
  if (reading === undefined) return undefined
  const { problems, value } = Annotation.parse(reading.kind, reading)
  assert.deepStrictEqual(problems, [])
  return { ...value, kind: reading.kind, name: reading.name, model: reading.model, provider: reading.provider }
}

const json = JSON.stringify

describe("SemanticConventions", () => {
  it("reads a model call in the present form of gen_ai", () => {
    const call = recorded({
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "openai",
      "gen_ai.request.model": "gpt-5",
      "gen_ai.response.model": "gpt-5-2026-01-01",
      "gen_ai.request.temperature": 0.2,
      "gen_ai.conversation.id": "s-1",
      "gen_ai.system_instructions": json([{ type: "text", content: "Be brief." }]),
      "gen_ai.input.messages": json([{ role: "user", parts: [{ type: "text", content: "Weather?" }] }]),
      "gen_ai.output.messages": json([{
        role: "assistant",
        parts: [
          { type: "reasoning", content: "Look." },
          { type: "tool_call", id: "c1", name: "weather", arguments: { city: "Oslo" } }
        ],
        finish_reason: "tool_call"
      }]),
      "gen_ai.tool.definitions": json([{ type: "function", name: "weather", parameters: { type: "object" } }]),
      "gen_ai.usage.input_tokens": 100,
      "gen_ai.usage.output_tokens": 20,
      "gen_ai.usage.cache_read.input_tokens": 60,
      "gen_ai.usage.cache_creation.input_tokens": 5,
      "gen_ai.usage.reasoning.output_tokens": 8,
      "gen_ai.usage.image.input_tokens": 3,
      "gen_ai.response.time_to_first_chunk": 0.5
    })
    assert.deepInclude(call, { kind: "llm", model: "gpt-5-2026-01-01", provider: "openai", sessionId: "s-1" })
    assert.deepStrictEqual(call?.input, {
      _tag: "Messages",
      value: [{ role: "system", content: "Be brief." }, { role: "user", content: "Weather?" }]
    })
    assert.deepStrictEqual(call?.output, {
      _tag: "Messages",
      value: [
        { role: "reasoning", content: "Look." },
        {
          role: "assistant",
          content: "",
          tool_calls: [{ name: "weather", arguments: { city: "Oslo" }, tool_id: "c1", type: "function" }]
        }
      ] as never
    })
    assert.deepStrictEqual(call?.metrics, {
      input_tokens: 100,
      output_tokens: 20,
      total_tokens: 120,
      cache_read_input_tokens: 60,
      cache_write_input_tokens: 5,
      reasoning_output_tokens: 8,
      image_input_tokens: 3,
      time_to_first_token: 0.5
    })
    assert.deepInclude(call?.metadata, { temperature: 0.2, finish_reason: "tool_call" })
    assert.deepStrictEqual(call?.toolDefinitions, [{ name: "weather", schema: { type: "object" } }])
  })

  it("reads messages from events on the span, as earlier forms of gen_ai wrote them", () => {
    const call = recorded({ "gen_ai.operation.name": "chat", "gen_ai.system": "openai" }, [
      { name: "gen_ai.system.message", attributes: { content: "Be brief." } },
      { name: "gen_ai.user.message", attributes: { "gen_ai.event.content": json({ content: "When?" }) } },
      { name: "gen_ai.tool.message", attributes: { id: "c1", content: "4" } },
      { name: "gen_ai.choice", attributes: { finish_reason: "stop", message: json({ content: "Tomorrow." }) } }
    ])
    assert.strictEqual(call?.provider, "openai")
    assert.deepStrictEqual(
      call?.input?._tag === "Messages" && call.input.value.map(({ content, role }) => [role, content]),
      [["system", "Be brief."], ["user", "When?"], ["tool", ""]]
    )
    assert.deepStrictEqual(call?.output, { _tag: "Messages", value: [{ role: "assistant", content: "Tomorrow." }] })
    assert.deepStrictEqual(call?.metadata, { finish_reason: "stop" })
  })

  it("reads the event that holds a whole exchange", () => {
    const call = recorded({ "gen_ai.operation.name": "chat" }, [{
      name: "gen_ai.client.inference.operation.details",
      attributes: {
        "gen_ai.input.messages": [{ role: "user", parts: [{ type: "text", content: "Hi" }] }],
        "gen_ai.output.messages": [{ role: "assistant", parts: [{ type: "text", content: "Hello" }] }]
      }
    }])
    assert.deepStrictEqual(call?.input, { _tag: "Messages", value: [{ role: "user", content: "Hi" }] })
    assert.deepStrictEqual(call?.output, { _tag: "Messages", value: [{ role: "assistant", content: "Hello" }] })
  })

  it("reads the indexed attributes of a model call of Traceloop, without an operation name", () => {
    const call = recorded({
      "gen_ai.system": "OpenAI",
      "gen_ai.request.model": "gpt-4",
      "gen_ai.prompt.0.role": "user",
      "gen_ai.prompt.0.content": "Weather?",
      "gen_ai.completion.0.role": "assistant",
      "gen_ai.completion.0.finish_reason": "tool_calls",
      "gen_ai.completion.0.tool_calls.0.id": "c1",
      "gen_ai.completion.0.tool_calls.0.name": "weather",
      "gen_ai.completion.0.tool_calls.0.arguments": json({ city: "Oslo" }),
      "llm.request.functions.0.name": "weather",
      "llm.request.functions.0.parameters": json({ type: "object" }),
      "gen_ai.usage.prompt_tokens": 5,
      "gen_ai.usage.completion_tokens": 2,
      "llm.usage.total_tokens": 7,
      "traceloop.association.properties.session_id": "s-1"
    })
    assert.deepStrictEqual(call?.input, { _tag: "Messages", value: [{ role: "user", content: "Weather?" }] })
    const calls = call?.output?._tag === "Messages" ? call.output.value[0] : undefined
    assert.deepStrictEqual(calls?.["tool_calls" as never] as unknown, [
      { name: "weather", arguments: { city: "Oslo" }, tool_id: "c1", type: "function" }
    ])
    assert.deepStrictEqual(call?.metrics, { input_tokens: 5, output_tokens: 2, total_tokens: 7 })
    assert.strictEqual(call?.sessionId, "s-1")
    assert.deepStrictEqual(call?.toolDefinitions, [{ name: "weather", schema: { type: "object" } }])
  })

  it("reads a region of Traceloop by its own kind, although it names a model", () => {
    const task = recorded({
      "traceloop.span.kind": "task",
      "traceloop.entity.name": "rank",
      "traceloop.entity.input": "[1]",
      "gen_ai.request.model": "gpt-4"
    })
    assert.deepInclude(task, { kind: "task", name: "rank", input: { _tag: "Value", value: "[1]" } })
  })

  it("reads a model call of OpenInference", () => {
    const call = recorded({
      "openinference.span.kind": "LLM",
      "llm.model_name": "gpt-5",
      "llm.provider": "openai",
      "llm.input_messages.0.message.role": "user",
      "llm.input_messages.0.message.contents.0.message_content.type": "text",
      "llm.input_messages.0.message.contents.0.message_content.text": "What is it?",
      "llm.input_messages.1.message.role": "tool",
      "llm.input_messages.1.message.tool_call_id": "c0",
      "llm.input_messages.1.message.content": "a cat",
      "llm.output_messages.0.message.role": "assistant",
      "llm.output_messages.0.message.tool_calls.0.tool_call.id": "c1",
      "llm.output_messages.0.message.tool_calls.0.tool_call.function.name": "look",
      "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": json({ at: 1 }),
      "llm.tools.0.tool.json_schema": json({ type: "function", function: { name: "look" } }),
      "llm.invocation_parameters": json({ model: "gpt-5", temperature: 0.2 }),
      "llm.token_count.prompt": 9,
      "llm.token_count.completion_details.reasoning": 1,
      "session.id": "s-1",
      "user.id": "u-1"
    })
    assert.deepInclude(call, { kind: "llm", model: "gpt-5", provider: "openai", sessionId: "s-1", userId: "u-1" })
    const [question, result] = call?.input?._tag === "Messages" ? call.input.value : []
    assert.deepStrictEqual(question as unknown, { role: "user", content: "What is it?" })
    assert.deepStrictEqual(
      (result as { readonly tool_results?: unknown } | undefined)?.tool_results,
      [{ result: "a cat", tool_id: "c0", type: "tool_result" }]
    )
    assert.deepStrictEqual(call?.metadata, { temperature: 0.2 })
    assert.deepStrictEqual(call?.metrics, { input_tokens: 9, reasoning_output_tokens: 1 })
    assert.deepStrictEqual(call?.toolDefinitions, [{ name: "look" }])
  })

  it("reads retrievals, embeddings and tools of OpenInference", () => {
    const retrieval = recorded({
      "openinference.span.kind": "RETRIEVER",
      "input.value": "parcels",
      "retrieval.documents.0.document.content": "Parcels arrive.",
      "retrieval.documents.0.document.id": "d1",
      "retrieval.documents.0.document.score": 0.5
    })
    assert.deepStrictEqual(retrieval?.output, {
      _tag: "Documents",
      value: [{ text: "Parcels arrive.", id: "d1", score: 0.5 }]
    })
    const embedding = recorded({
      "openinference.span.kind": "EMBEDDING",
      "embedding.model_name": "e-3",
      "embedding.embeddings.0.embedding.text": "a",
      "embedding.embeddings.0.embedding.vector": [0.1]
    })
    assert.deepInclude(embedding, { kind: "embedding", model: "e-3" })
    assert.deepStrictEqual(embedding?.input, { _tag: "Documents", value: [{ text: "a" }] })
    const tool = recorded({ "openinference.span.kind": "TOOL", "tool.name": "look", "input.value": "1" })
    assert.deepInclude(tool, { kind: "tool", name: "look" })
  })

  const kinds: ReadonlyArray<readonly [operation: string, kind: string]> = [
    ["embeddings", "embedding"],
    ["execute_tool", "tool"],
    ["invoke_agent", "agent"],
    ["invoke_workflow", "workflow"],
    ["retrieval", "retrieval"],
    ["plan", "task"],
    ["something_new", "workflow"]
  ]
  for (const [operation, kind] of kinds) {
    it(`reads the operation ${operation} as ${kind}, without token counts unless it calls a model`, () => {
      const span = recorded({ "gen_ai.operation.name": operation, "gen_ai.usage.input_tokens": 1 })
      assert.strictEqual(span?.kind, kind)
      assert.strictEqual(span?.metrics !== undefined, kind === "embedding")
    })
  }

  it("leaves out a span that names a model and calls none, and every other span", () => {
    assert.isUndefined(recorded({ "gen_ai.request.model": "m", "anthropic.message.count_tokens.input_tokens": 3 }))
    assert.isUndefined(recorded({ "http.method": "GET" }))
    assert.isUndefined(SemanticConventions.read({ name: "x", attributes: null as never }))
  })

  it("reads the failure of a span from its status and its last recorded exception", () => {
    const span: OtelSpan = {
      name: "chat",
      attributes: {},
      status: { code: 2 },
      events: [{
        name: "exception",
        attributes: {
          "exception.type": "RateLimitError",
          "exception.message": "slow down",
          "exception.stacktrace": "at"
        }
      }]
    }
    assert.deepStrictEqual(OtelSpans.failureOf(span), { name: "RateLimitError", message: "slow down", stack: "at" })
    assert.isUndefined(OtelSpans.failureOf({ ...span, status: { code: 1 } }))
  })

  const names = [
    "gen_ai.operation.name",
    "gen_ai.request.model",
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.system_instructions",
    "gen_ai.prompt.0.content",
    "gen_ai.prompt.0.content.0.x",
    "gen_ai.prompt.__proto__.role",
    "gen_ai.prompt.1.__proto__",
    "gen_ai.tool.definitions",
    "openinference.span.kind",
    "llm.input_messages.0.message.tool_calls.0.tool_call.id",
    "llm.tools.0.tool.json_schema",
    "traceloop.span.kind",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.__proto__"
  ]
  const texts = ["chat", "LLM", "task", "[{", "[null]", "{\"role\":1}", "[[[]]]"]

  it.prop(
    "makes an annotation of any attributes without throwing",
    [HostileValue.arbitrary, HostileValue.arbitrary, HostileValue.arbitrary],
    (hostile) => {
      for (let i = 0; i < names.length; i++) {
        const values = [...hostile, ...texts]
        const attributes = Object.fromEntries(names.map((name, j) => [name, values[(i * j + i) % values.length]]))
        const reading = SemanticConventions.read({ name: "x", attributes })
        if (reading !== undefined) Annotation.parse(reading.kind, reading)
      }
      assert.isUndefined(({} as { readonly role?: unknown }).role)
    }
  )
})
