import { assert, describe, it } from "@effect/vitest"
import * as MetaStruct from "../../../src/domain/event/MetaStruct.ts"
import * as SpanEvent from "../../../src/domain/event/SpanEvent.ts"
import * as WireFormat from "../../../src/domain/event/WireFormat.ts"
import * as SpanRecordSchema from "../../../src/domain/schema/SpanRecord.ts"
import { makeContext, makeRecord } from "../Records.ts"

const struct = (options: Parameters<typeof makeRecord>[0] = {}, road: WireFormat.Road = "trace-agent") =>
  MetaStruct.render(makeRecord(options), WireFormat.table[road])

describe("MetaStruct", () => {
  it("renders a failing tool span below an agent as captured, its tags an object, without the APM span's fields", () => {
    const parent = makeContext({ kind: "agent", name: "my_agent", spanId: "7", explicit: { sessionId: "s-1" } })
    assert.deepStrictEqual(
      struct({
        context: makeContext({ kind: "tool", name: "get_weather", spanId: "222", parent }),
        annotation: { input: { location: "NYC" }, toolVersion: "1.2.3", spanLinks: [{ spanId: "333", traceId: "4" }] },
        error: { type: "ValueError", message: "boom", stack: "at x" }
      }),
      {
        name: "get_weather",
        parent_id: "7",
        trace_id: "6a86f1c00000000044fb6ce732fd0687",
        ml_app: "shop",
        session_id: "s-1",
        pagent_name: "my_agent",
        pagent_span_id: "7",
        tags: {
          version: "1.2.3",
          env: "prod",
          service: "shop",
          source: "integration",
          ml_app: "shop",
          agent_service: "shop",
          "ddtrace.version": "0.1.0",
          language: "javascript",
          session_id: "s-1"
        },
        metrics: {},
        _dd: { sample_rate: "1", sampling_decision: "1" },
        span_links: [{ span_id: "333", trace_id: "4", attributes: { from: "output", to: "input" } }],
        meta: {
          span: { kind: "tool" },
          metadata: {},
          input: { value: "{\"location\":\"NYC\"}" },
          tool: { version: "1.2.3" },
          error: { message: "boom", stack: "at x", type: "ValueError" },
          agent_attribution: { pagent_name: "my_agent", pagent_span_id: "7" }
        }
      }
    )
  })

  it("has underscores for dots and no meta.error for the trace intake", () => {
    const rendered = struct({
      annotation: { tags: { "a.b": "1" } },
      error: { type: "T", message: "m", stack: "" }
    }, "trace-intake")
    assert.include(rendered["tags"], { a_b: "1", ddtrace_version: "0.1.0" })
    assert.notProperty(rendered["meta"], "error")
  })

  it("leaves out the name of an agent that an upstream did not name", () => {
    const context = makeContext({ remote: { parentId: "1", agent: { name: null, spanId: "9" } } })
    const rendered = struct({ context })
    assert.notProperty(rendered, "pagent_name")
    assert.strictEqual(rendered["pagent_span_id"], "9")
    assert.deepStrictEqual((rendered["meta"] as { readonly [key: string]: unknown })["agent_attribution"], {
      pagent_name: null,
      pagent_span_id: "9"
    })
  })

  it.prop(
    "equals the span event in every shared field when sent to the Agent",
    [SpanRecordSchema.SpanRecord],
    ([record]) => {
      const rendered = MetaStruct.render(record, WireFormat.table["trace-agent"])
      const event = SpanEvent.render(record, WireFormat.table["evp-proxy"])
      assert.deepStrictEqual(rendered["meta"], event.meta)
      assert.deepStrictEqual(rendered["metrics"], event.metrics)
      assert.strictEqual(rendered["session_id"], event.session_id)
      assert.deepStrictEqual(rendered["span_links"], event.span_links as never)
      assert.deepStrictEqual(rendered["config"], event.config)
      const { apm_trace_id: _, span_id: __, trace_id: ___, ...dd } = event._dd
      assert.deepStrictEqual(rendered["_dd"], dd)
      for (const key of ["span_id", "start_ns", "duration", "status"]) assert.notProperty(rendered, key)
    }
  )
})
