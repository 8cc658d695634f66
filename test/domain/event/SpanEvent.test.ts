import { assert, describe, it } from "@effect/vitest"
import * as SpanEvent from "../../../src/domain/event/SpanEvent.ts"
import * as WireFormat from "../../../src/domain/event/WireFormat.ts"
import { apmTraceId, makeContext, makeRecord } from "../Records.ts"

const event = (options: Parameters<typeof makeRecord>[0] = {}, road: WireFormat.Road = "evp-proxy") =>
  SpanEvent.render(makeRecord(options), WireFormat.table[road])

describe("SpanEvent", () => {
  it("renders an llm span with every field of an event", () => {
    const rendered = event({
      modelName: "gpt-5",
      modelProvider: "OpenAI",
      annotation: {
        input: [{ role: "user", content: "hello" }],
        output: [{ role: "assistant", content: "hi" }],
        metadata: { temperature: 0.5 },
        metrics: { inputTokens: 5, outputTokens: 3 }
      }
    })
    assert.deepStrictEqual(rendered, {
      trace_id: "6a86f1c00000000044fb6ce732fd0687",
      span_id: "111",
      parent_id: "undefined",
      name: "chat",
      start_ns: 1_787_299_200_123_456_789n,
      duration: 12_345_678,
      status: "ok",
      meta: {
        span: { kind: "llm" },
        metadata: { temperature: 0.5 },
        model_name: "gpt-5",
        model_provider: "openai",
        input: { messages: [{ content: "hello", role: "user" }] },
        output: { messages: [{ content: "hi", role: "assistant" }] }
      },
      metrics: { input_tokens: 5, output_tokens: 3 },
      tags: [
        "agent_service:shop",
        "ddtrace.version:0.1.0",
        "env:prod",
        "error:0",
        "language:javascript",
        "ml_app:shop",
        "service:shop",
        "source:integration",
        "version:1.2.3"
      ],
      _dd: { sample_rate: "1", sampling_decision: "1", span_id: "111", trace_id: apmTraceId, apm_trace_id: apmTraceId }
    })
  })

  it("writes the status, the tags and the error of a failed span", () => {
    const error = { type: "ParcelNotFound", message: "boom", stack: "at x" }
    const rendered = event({ context: makeContext({ kind: "tool", name: "track" }), error })
    assert.strictEqual(rendered.status, "error")
    assert.deepStrictEqual(rendered.meta["error"], error)
    assert.includeMembers([...rendered.tags], ["error:1", "error_type:ParcelNotFound"])
    const untyped = event({ error: { type: "", message: "boom", stack: "" } })
    assert.include(untyped.tags, "error:1")
    assert.isFalse(untyped.tags.some((tag) => tag.startsWith("error_type")))
  })

  it("overrides the user's error tags on events, but not on structs of the trace intake", () => {
    assert.include(event({ annotation: { tags: { error: "mine" } } }).tags, "error:0")
    assert.include(event({ annotation: { tags: { error: "mine" } } }, "trace-intake").tags, "error:mine")
  })

  it("has a session field when there is a session, and none after an opt-out", () => {
    assert.strictEqual(event({ context: makeContext({ explicit: { sessionId: "s-1" } }) }).session_id, "s-1")
    const out = event({ context: makeContext({ explicit: { sessionId: "" } }) })
    assert.notProperty(out, "session_id")
    assert.include(out.tags, "session_id:")
    assert.notProperty(event(), "session_id")
  })

  it("writes links, a configuration, a scope and an agent when they are present", () => {
    const labels = { experiment: { experimentId: "e", tags: { experiment_id: "e" } } }
    const agent = makeContext({ kind: "agent", name: "support", spanId: "7" })
    const rendered = event({
      context: makeContext({ kind: "experiment", spanId: "8", parent: agent, labels }),
      annotation: {
        input: { q: 1 },
        output: [2],
        expectedOutput: { a: null },
        config: { top: 1 },
        spanLinks: [{ spanId: "1", traceId: "2" }],
        intent: "find"
      }
    })
    assert.deepStrictEqual(rendered.span_links, [{
      span_id: "1",
      trace_id: "2",
      attributes: { from: "output", to: "input" }
    }])
    assert.deepStrictEqual(rendered.config, { top: 1 })
    assert.strictEqual(rendered._dd["scope"], "experiments")
    assert.strictEqual(rendered.parent_id, "7")
    assert.deepStrictEqual(rendered.meta, {
      span: { kind: "experiment" },
      metadata: {},
      input: { q: 1 },
      output: [2],
      expected_output: { a: null },
      intent: "find",
      agent_attribution: { pagent_name: "support", pagent_span_id: "7" }
    })
    for (const key of ["span_links", "config", "collection_errors"]) assert.notProperty(event(), key)
    assert.notProperty(event()._dd, "scope")
  })

  // No annotation makes such a record, but an element of a queue may hold it.
  it("writes an input that is no object beside a prompt as its value", () => {
    for (const value of ["text", [1, 2], 7, null]) {
      const record = makeRecord({ annotation: { prompt: { id: "p" } } })
      const annotation = { ...record.annotation, input: { _tag: "Raw" as const, value } }
      const { input } = SpanEvent.render({ ...record, annotation }, WireFormat.table["evp-proxy"]).meta
      assert.deepStrictEqual(Object.keys(input as object), ["value", "prompt"])
      assert.deepInclude(input, { value })
    }
  })

  it("writes each side in the shape of its kind, a prompt beside the messages, and tools in their fields", () => {
    const llm = event({ annotation: { input: "q", prompt: { id: "p" }, toolDefinitions: [{ name: "track" }] } }).meta
    assert.deepStrictEqual(llm["input"], {
      messages: [{ content: "q", role: "user" }],
      prompt: { id: "p", ml_app: "shop", _dd_context_variable_keys: ["context"], _dd_query_variable_keys: ["question"] }
    })
    assert.deepStrictEqual(llm["tool_definitions"], [{ name: "track" }])
    const prompt = event({ annotation: { prompt: { id: "p" } } }).meta["input"]
    assert.deepStrictEqual(Object.keys(prompt as object), ["prompt"])
    const retrieval = event({
      context: makeContext({ kind: "retrieval" }),
      annotation: { input: "q", output: [{ text: "d", score: 0 }], toolDefinitions: [{ name: "track" }] }
    }).meta
    assert.deepStrictEqual(retrieval["input"], { value: "q" })
    assert.deepStrictEqual(retrieval["output"], { documents: [{ text: "d", score: 0 }] })
    assert.notProperty(retrieval, "tool_definitions")
    const tool = event({ context: makeContext({ kind: "tool" }), annotation: { toolVersion: "2" } }).meta
    assert.deepStrictEqual(tool["tool"], { version: "2" })
  })

  it("keeps cost tags out of the user's reach", () => {
    const annotation = { tags: { team: "ops" }, costTags: ["team"], metadata: { _dd: { cost_tags: ["forged"] } } }
    assert.deepStrictEqual(event({ annotation }).meta["metadata"], { _dd: { cost_tags: ["team"] } })
  })

  it("has dotted keys, error tags and meta.error for the proxy and for the intake", () => {
    const error = { type: "T", message: "m", stack: "" }
    for (const road of ["evp-proxy", "llmobs-intake"] as const) {
      const rendered = event({ annotation: { tags: { "a.b": "1" } }, error }, road)
      assert.includeMembers([...rendered.tags], ["a.b:1", "ddtrace.version:0.1.0", "error:1", "error_type:T"])
      assert.deepStrictEqual(rendered.meta["error"], error)
    }
  })
})
