import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import * as Llmobs from "../../../src/domain/propagation/LlmobsPropagation.ts"

const hex = "6a85c0ce22c5d2eda452e18ae569fd65"
const decimal = "141592653589793238462643383279502884197"

const read = (tags: Record<string, string>, apmTraceId?: string) =>
  Llmobs.read(new Map(Object.entries(tags).map(([key, value]) => [`_dd.p.llmobs_${key}`, value])), apmTraceId)

describe("the LLM trace id in headers", () => {
  const wireIds: ReadonlyArray<readonly [string, string | undefined]> = [
    ["", undefined],
    [decimal, hex],
    ["12345", "12345"],
    ["18446744073709551615", "18446744073709551615"],
    ["18446744073709551616", "00000000000000010000000000000000"],
    [hex, hex],
    [hex.toUpperCase(), hex],
    ["01234567890123456789012345678901", "01234567890123456789012345678901"],
    ["12345678901234567890123456789012", "0000009bd30a3c645943dd1690a03a14"],
    ["my-trace", "my-trace"],
    ["0", undefined],
    ["9".repeat(60), undefined]
  ]
  for (const [wire, expected] of wireIds) {
    it(`reads the LLM trace id of a header: ${JSON.stringify(wire.slice(0, 40))}`, () => {
      assert.strictEqual(Llmobs.traceIdFromWire(wire), expected, wire)
    })
  }

  it("writes an LLM trace id of hexadecimal form as a decimal, and any other unchanged", () => {
    assert.strictEqual(Llmobs.traceIdToWire(hex), decimal)
    assert.strictEqual(Llmobs.traceIdToWire("12345"), "12345")
    assert.strictEqual(Llmobs.traceIdToWire("my-trace"), "my-trace")
  })

  it.prop("reads back an LLM trace id of any size", [Schema.BigInt], ([n]) => {
    const id = BigInt.asUintN(127, n) | (1n << 64n)
    const text = id.toString(16).padStart(32, "0")
    assert.strictEqual(Llmobs.traceIdFromWire(Llmobs.traceIdToWire(text)), text)
  })
})

describe("LlmobsPropagation.read", () => {
  it("reads a whole propagated context", () => {
    const { problems, value } = read({
      parent_id: "111",
      trace_id: decimal,
      ml_app: "up",
      sid: "s-1",
      sr: "0.5",
      sd: "1",
      pagent_span_id: "222",
      pagent_name: "planner"
    })
    assert.deepStrictEqual(problems, [])
    assert.deepStrictEqual(value, {
      parentId: "111",
      traceId: hex,
      mlApp: "up",
      sessionId: "s-1",
      retention: { sampleRate: "0.5", samplingDecision: "1" },
      agent: { name: "planner", spanId: "222" }
    })
  })

  it("reads application, session and retention, but no trace, when there is no parent id", () => {
    for (const parent of [{}, { parent_id: "undefined" }, { parent_id: "" }]) {
      const { problems, value } = read({ ...parent, trace_id: "99", ml_app: "up", sid: "s", sr: "1", sd: "1" })
      const retention = { sampleRate: "1", samplingDecision: "1" } as const
      assert.deepStrictEqual(value, { mlApp: "up", sessionId: "s", retention })
      assert.deepStrictEqual(problems, [])
    }
    assert.strictEqual(read({ parent_id: "undefined", trace_id: "99" }).value, undefined)
  })

  it("reports invalid_parent_id for a parent id that is not a valid number", () => {
    for (const parent of ["abc", "0", "-1", "1.5", "18446744073709551616"]) {
      const { problems, value } = read({ parent_id: parent, trace_id: "12345", sid: "s" })
      assert.deepStrictEqual(value, { mlApp: undefined, sessionId: "s", retention: undefined }, parent)
      assert.deepStrictEqual(problems.map((problem) => problem.code), ["invalid_parent_id"], parent)
    }
  })

  it("uses the APM trace id when the LLM trace id is missing", () => {
    const small = read({ parent_id: "111" }, "0000000000000000112210f47de98115").value
    assert.strictEqual(small!.traceId, "1234567890123456789")
    assert.strictEqual(read({ parent_id: "111" }, hex).value!.traceId, hex)
    assert.strictEqual(read({ parent_id: "111" }).value!.traceId, undefined)
  })

  it("reads a retention decision only if it is complete, and invents none", () => {
    assert.strictEqual(read({ parent_id: "1" }).value!.retention, undefined)
    for (const half of [{ sr: "1" }, { sd: "1" }, { sr: "x", sd: "1" }, { sr: "2", sd: "1" }, { sr: "1", sd: "yes" }]) {
      const { problems, value } = read({ parent_id: "1", ...half })
      assert.strictEqual(value!.retention, undefined)
      assert.strictEqual(problems.length, 1)
    }
  })

  it("recognises an agent by its id, with or without a name", () => {
    assert.deepStrictEqual(read({ parent_id: "1", pagent_span_id: "7" }).value!.agent, { name: null, spanId: "7" })
    assert.strictEqual(read({ parent_id: "1", pagent_name: "x" }).value!.agent, undefined)
    const bad = read({ parent_id: "1", pagent_span_id: "x", pagent_name: "x" })
    assert.strictEqual(bad.value!.agent, undefined)
    assert.strictEqual(bad.problems.length, 1)
  })
})

describe("LlmobsPropagation.write", () => {
  it("writes no keys for an empty context", () => {
    assert.deepStrictEqual(Llmobs.write(undefined).value, [])
    assert.deepStrictEqual(Llmobs.write({}).value, [])
    assert.deepStrictEqual(Llmobs.write({ parentId: "undefined", traceId: hex }).value, [])
  })

  it("drops only the key whose value headers cannot hold", () => {
    for (const sessionId of ["a,b", "café", " s", "a\nb", "\ud800"]) {
      const { problems, value } = Llmobs.write({ parentId: "1", traceId: hex, mlApp: "app", sessionId })
      assert.deepStrictEqual(value.map((tag) => tag.key), [
        Llmobs.keys.parentId,
        Llmobs.keys.traceId,
        Llmobs.keys.mlApp
      ])
      assert.deepStrictEqual(problems.map((problem) => problem.path), [Llmobs.keys.sessionId])
    }
  })

  it("writes the LLM trace id as a decimal", () => {
    const { value } = Llmobs.write({ parentId: "1", traceId: hex })
    assert.deepStrictEqual(value.map((tag) => tag.value), ["1", decimal])
  })

  const Text = Arbitrary.schema(Schema.Literals(["a", "a b", "a=b", "a;b~c", "x".repeat(90)]))

  it.prop("writes keys that it reads back unchanged", [Text, Text, Schema.BigInt], ([sessionId, mlApp, n]) => {
    const id = (BigInt.asUintN(63, n) + 1n).toString()
    const context = {
      parentId: id,
      traceId: hex,
      mlApp,
      sessionId,
      retention: { sampleRate: "0.25", samplingDecision: "0" as const },
      agent: { name: mlApp, spanId: id }
    }
    const tags = new Map(Llmobs.write(context).value.map((tag) => [tag.key, tag.value]))
    assert.deepStrictEqual(Llmobs.read(tags).value, context)
  })
})
