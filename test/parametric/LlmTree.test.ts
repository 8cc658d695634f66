import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Driver from "../../parametric/Driver.ts"
import type { ReceivedEvent } from "../../src/adapters/devagent/ReceivedEvents.ts"
import * as Observed from "../layers/Observed.ts"

const llm = (node: object) => ({ type: "span", sdk: "llmobs", ...node })
const apm = (node: object) => ({ type: "span", sdk: "tracer", ...node })
const region = (node: object) => ({ type: "annotation_context", ...node })

const trace = (driver: Driver.Driver, node: object) =>
  driver.send("POST", "/llm_observability/trace", { trace_structure_request: node })

/** The requests by which events came: their number is what outside suites count. */
const intakeRequests = (driver: Driver.Driver) =>
  driver.agent.requests().filter((request) => request.path.endsWith("/api/v2/llmobs")).length

const traceRequests = (driver: Driver.Driver) =>
  driver.agent.requests().filter((request) => request.path === "/v0.4/traces").length

const played = (driver: Driver.Driver, node: object) =>
  Effect.gen(function*() {
    const answer = yield* trace(driver, node)
    assert.strictEqual(answer.status, 200, JSON.stringify(answer.body))
    yield* driver.command("/trace/span/flush")
    return answer.body
  })

const tag = (event: ReceivedEvent, key: string) => Observed.tagsOf(event).get(key)

const sampledAway = { DD_TRACE_SAMPLING_RULES: "[{\"sample_rate\":0}]" }

describe("the trace command", () => {
  const tree = llm({
    kind: "workflow",
    name: "root",
    session_id: "s-1",
    children: [
      apm({ name: "between", children: [llm({ kind: "llm", model_name: "m", model_provider: "P" })] }),
      region({
        name: "renamed",
        tags: { team: "ops" },
        children: [llm({ kind: "tool", children: [apm({ name: "leaf" })] })]
      })
    ]
  })

  for (
    const [how, env, via] of [["kept", {}, "trace"], ["sampled away", sampledAway, "evp"]] as const
  ) {
    it.live(`builds a tree by nested calls, and sends its events in one request: traces ${how}`, () =>
      Driver.drive(env, (driver) =>
        Effect.gen(function*() {
          yield* played(driver, apm({ name: "around", children: [tree] }))
          const { agent } = driver
          assert.deepStrictEqual(Observed.names(agent), ["llm", "renamed", "root"])
          const root = Observed.named(agent, "root")
          const model = Observed.named(agent, "llm")
          const tool = Observed.named(agent, "renamed")
          assert.deepStrictEqual([root, model, tool].map((event) => event.via), [via, via, via])
          assert.strictEqual(root.event["parent_id"], "undefined")
          assert.strictEqual(model.event["parent_id"], root.spanId)
          assert.strictEqual(tool.event["parent_id"], root.spanId)
          assert.strictEqual(model.event["session_id"], "s-1")
          assert.strictEqual(Observed.at(model.event, "meta.model_provider"), "p")
          assert.strictEqual(tag(tool, "team"), "ops")
          assert.strictEqual(tag(model, "team"), undefined)
          assert.deepStrictEqual(Observed.spans(agent).map((span) => span.name), [
            "around",
            "root",
            "between",
            "llm",
            "tool",
            "leaf"
          ])
          assert.strictEqual(traceRequests(driver), 1)
          assert.strictEqual(intakeRequests(driver), via === "evp" ? 1 : 0)
        })))
  }

  it.live("sends several roots in one request, by the interval alone", () =>
    Driver.drive({ ...sampledAway, _DD_LLMOBS_WRITER_INTERVAL: "0.05" }, (driver) =>
      Effect.gen(function*() {
        const children = Array.from({ length: 20 }, (_, i) => llm({ kind: "task", name: `task ${i}` }))
        assert.strictEqual((yield* trace(driver, region({ children }))).status, 200)
        while (driver.agent.events().length === 0) yield* Effect.sleep(5)
        assert.strictEqual(driver.agent.events().length, 20)
        assert.strictEqual(intakeRequests(driver), 1)
      })))

  for (
    const [how, env] of [["unset", {}], ["empty", { DD_LLMOBS_ML_APP: "" }]] as const
  ) {
    it.live(`names the application after the service when none is configured: ${how}`, () =>
      Driver.drive({ ...env, DD_LLMOBS_ENABLED: "True" }, (driver) =>
        Effect.gen(function*() {
          yield* played(driver, llm({ kind: "task" }))
          const event = Observed.named(driver.agent, "task")
          assert.strictEqual(tag(event, "ml_app"), "test-service")
          for (const each of event.event["tags"] as ReadonlyArray<string>) assert.strictEqual(each.split(":").length, 2)
        })))
  }

  it.live("annotates in order, with every part of a prompt under its own name", () =>
    Driver.drive({ DD_LLMOBS_ML_APP: "app" }, (driver) =>
      Effect.gen(function*() {
        yield* played(
          driver,
          llm({
            kind: "llm",
            annotations: [
              { input_data: "hello", metadata: { a: 1, big: 12 }, metrics: { input_tokens: 3 }, tags: { k: "1" } },
              {
                output_data: [{ role: "assistant", content: "world" }],
                metadata: { a: 2 },
                tags: { k: "2" },
                cost_tags: ["k", "none", 7],
                explicit_span: true,
                prompt: {
                  id: "greet",
                  version: "2",
                  chat_template: [{ role: "user", content: "{{q}}" }],
                  variables: { q: "hi" },
                  rag_query_variables: ["q"],
                  rag_context_variables: ["c"]
                }
              }
            ]
          })
        )
        const { event } = Observed.named(driver.agent, "llm")
        assert.deepStrictEqual(Observed.at(event, "meta.input.messages"), [{ role: "user", content: "hello" }])
        assert.deepStrictEqual(Observed.at(event, "meta.output.messages"), [{ role: "assistant", content: "world" }])
        assert.strictEqual(Observed.at(event, "meta.metadata.a"), 2)
        assert.deepStrictEqual(Observed.at(event, "meta.metadata._dd.cost_tags"), ["k"])
        assert.deepStrictEqual(Observed.at(event, "metrics"), { input_tokens: 3 })
        const prompt = Observed.at(event, "meta.input.prompt")
        assert.strictEqual(prompt.id, "greet")
        assert.deepStrictEqual(prompt.chat_template, [{ role: "user", content: "{{q}}" }])
        assert.deepStrictEqual(prompt._dd_query_variable_keys, ["q"])
        assert.deepStrictEqual(prompt._dd_context_variable_keys, ["c"])
      })))

  it.live("exports the active span, and gives a region the export of its first child", () =>
    Driver.drive({}, (driver) =>
      Effect.gen(function*() {
        const exported = yield* played(
          driver,
          region({
            children: [
              llm({ kind: "task", children: [llm({ kind: "tool", export_span: "implicit" })] }),
              llm({ kind: "agent", export_span: "explicit" }),
              llm({ kind: "workflow", export_span: "implicit" })
            ]
          })
        )
        const agent = Observed.named(driver.agent, "agent")
        assert.deepStrictEqual(exported, { traceId: agent.traceId, spanId: agent.spanId })
      })))

  const annotations = [{ input_data: "late" }]
  const raising: ReadonlyArray<readonly [why: string, node: object, reason: RegExp]> = [
    [
      "an annotation of a finished span",
      llm({ kind: "task", annotations, annotate_after: true }),
      /invalid_finished_span/
    ],
    [
      "an annotation of a finished span inside another",
      llm({ kind: "agent", children: [llm({ kind: "task", annotations, annotate_after: true })] }),
      /invalid_finished_span/
    ],
    ["an annotation without a span", apm({ name: "plain", annotations }), /invalid_span_no_active_spans/],
    [
      "an annotation of an APM span",
      llm({ kind: "task", children: [apm({ name: "plain", annotations: [{ tags: {}, explicit_span: true }] })] }),
      /Only spans of LLM Observability/
    ],
    ["an export without a span", apm({ name: "plain", export_span: "implicit" }), /Only spans of LLM Observability/],
    [
      "a message with a role that is not text",
      llm({ kind: "llm", annotations: [{ input_data: [{ content: "a", role: 5 }] }] }),
      /invalid_io_messages/
    ],
    [
      "a document with a text that is a number",
      llm({ kind: "retrieval", annotations: [{ output_data: [{ text: 5 }] }] }),
      /unknown_shape/
    ],
    ["metrics that are not numbers", llm({ kind: "task", annotations: [{ metrics: { a: "b" } }] }), /invalid_metrics/]
  ]

  for (const [why, node, reason] of raising) {
    it.live(`answers 500 where an SDK would throw, and continues to serve: ${why}`, () =>
      Driver.drive({}, (driver) =>
        Effect.gen(function*() {
          const answer = yield* trace(driver, node)
          assert.strictEqual(answer.status, 500)
          assert.match(answer.body.error, reason)
          assert.strictEqual((yield* trace(driver, llm({ kind: "task", annotations }))).status, 200)
        })))
  }
})
