import { assert, describe, it } from "@effect/vitest"
import * as Envelope from "../../../src/domain/event/Envelope.ts"
import * as MetaStruct from "../../../src/domain/event/MetaStruct.ts"
import * as SpanEvent from "../../../src/domain/event/SpanEvent.ts"
import * as WireFormat from "../../../src/domain/event/WireFormat.ts"
import * as JsonText from "../../../src/domain/json/JsonText.ts"
import * as Annotation from "../../../src/domain/span/Annotation.ts"
import * as SpanRecord from "../../../src/domain/span/SpanRecord.ts"
import { kinds, makeContext, makeRecord } from "../Records.ts"

describe("SpanRecord", () => {
  it("records a model for llm and embedding spans alone, unknown if unset, with the provider in lower case", () => {
    for (const kind of kinds) {
      const context = makeContext({ kind })
      const has = kind === "llm" || kind === "embedding"
      assert.deepStrictEqual(makeRecord({ context }).model, has ? { name: "unknown", provider: "unknown" } : undefined)
      assert.deepStrictEqual(
        makeRecord({ context, modelName: "GPT-5", modelProvider: "OpenAI" }).model,
        has ? { name: "GPT-5", provider: "openai" } : undefined
      )
    }
    assert.deepStrictEqual(makeRecord({ modelName: "", modelProvider: "" }).model, {
      name: "unknown",
      provider: "unknown"
    })
  })

  it("survives a model that is not a text", () => {
    const options = { modelName: 5, modelProvider: {} } as never
    assert.deepStrictEqual(makeRecord(options).model, { name: "unknown", provider: "unknown" })
  })

  it("keeps the prompt on llm spans, its own before that of the ancestor", () => {
    const ancestor = { kind: "llm", prompt: { id: "above" }, toolDefinitions: undefined } as const
    assert.deepStrictEqual(makeRecord({ annotation: { prompt: { id: "own" } }, ancestor }).prompt, { id: "own" })
    assert.deepStrictEqual(makeRecord({ ancestor }).prompt, { id: "above" })
    for (const kind of kinds.filter((kind) => kind !== "llm")) {
      const context = makeContext({ kind })
      assert.isUndefined(makeRecord({ context, annotation: { prompt: { id: "own" } }, ancestor }).prompt)
    }
  })

  it("takes a tool's version from its annotation, else from its definition on an llm ancestor", () => {
    const context = makeContext({ kind: "tool", name: "track" })
    const toolDefinitions = [{ name: "other", version: "0" }, { name: "track", version: "2" }]
    const ancestor = { kind: "llm", prompt: undefined, toolDefinitions } as const
    assert.strictEqual(makeRecord({ context, ancestor }).toolVersion, "2")
    assert.strictEqual(makeRecord({ context, ancestor, annotation: { toolVersion: "3" } }).toolVersion, "3")
    assert.isUndefined(makeRecord({ context, ancestor: { ...ancestor, kind: "agent" } }).toolVersion)
    assert.isUndefined(makeRecord({ context: makeContext({ kind: "tool", name: "unknown" }), ancestor }).toolVersion)
    assert.isUndefined(makeRecord({ context: makeContext({ kind: "task", name: "track" }), ancestor }).toolVersion)
  })

  it("keeps the estimate at or above the sent size, wherever the bytes are", () => {
    const long = "\u0000".repeat(3_000)
    const error = { type: "", message: "", stack: "" }
    const llm = { kind: "llm", prompt: undefined, toolDefinitions: undefined } as const
    const places: ReadonlyArray<Parameters<typeof makeRecord>[0]> = [
      {},
      { context: makeContext({ name: long }) },
      { context: makeContext({ explicit: { agentService: long } }) },
      { context: makeContext({ explicit: { agentService: long } }), annotation: { prompt: {} } },
      { context: makeContext({ explicit: { sessionId: long } }) },
      { context: makeContext({ explicit: { userId: long, accountId: long } }) },
      { context: makeContext({ remote: { parentId: long, traceId: long } }) },
      { context: makeContext({ remote: { parentId: "1", agent: { name: long, spanId: long } } }) },
      { context: makeContext({ labels: { experiment: { experimentId: "e", tags: { experiment_id: long } } } }) },
      { context: makeContext({ kind: "agent" }), annotation: { agentVersion: long } },
      { context: makeContext({ kind: "tool" }), annotation: { toolVersion: long } },
      {
        context: makeContext({ kind: "tool", name: "t" }),
        ancestor: { ...llm, toolDefinitions: [{ name: "t", version: long }] }
      },
      { ancestor: { ...llm, prompt: { template: long, variables: { [long]: long } } } },
      { modelName: long },
      { modelProvider: long },
      { error: { ...error, type: long } },
      { error: { ...error, message: long } },
      { error: { ...error, stack: long } },
      { annotation: { input: long } },
      { annotation: { output: [{ role: long, content: long }] } },
      { annotation: { metadata: { [long]: long } } },
      { annotation: { metrics: { [long]: 1 } } },
      { annotation: { tags: { [long]: long } } },
      { annotation: { tags: { [long]: "" }, costTags: [long] } },
      { annotation: { prompt: { template: long } } },
      { annotation: { toolDefinitions: [{ name: long }] } },
      { annotation: { spanLinks: [{ spanId: long, traceId: long }] } },
      { annotation: { expectedOutput: long, intent: long, config: { [long]: long } } }
    ]
    for (const place of places) {
      const record = makeRecord(place)
      for (const format of Object.values(WireFormat.table)) {
        const size = format.form === "event"
          ? Buffer.byteLength(Envelope.encode(Envelope.make(SpanEvent.render(record, format), "0.1.0")))
          : JsonText.byteLength(MetaStruct.render(record, format))
        assert.isAtLeast(record.bytes, size, JSON.stringify(place, (_, v) => typeof v === "string" ? v.length : v))
      }
    }
  })

  it("leaves the retention unread, because the first read may decide it", () => {
    const retention = {
      get sampleRate(): string {
        return assert.fail("read")
      },
      get samplingDecision(): "1" {
        return assert.fail("read")
      }
    }
    assert.isAbove(makeRecord({ context: makeContext({ retention: () => retention }) }).bytes, 0)
  })

  it("counts an annotation's bytes", () => {
    const annotation = Annotation.parse("llm", { input: "x".repeat(1_000) }).value
    const input = {
      context: makeContext(),
      startNs: 1n,
      durationNs: 1,
      modelName: undefined,
      modelProvider: undefined,
      tags: {},
      ancestor: undefined,
      error: undefined
    }
    assert.strictEqual(
      SpanRecord.finish({ ...input, annotation }).bytes -
        SpanRecord.finish({ ...input, annotation: Annotation.empty }).bytes,
      annotation.bytes
    )
  })
})
