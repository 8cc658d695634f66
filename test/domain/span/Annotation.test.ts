import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import type { AnnotationInput } from "../../../src/domain/span/Annotation.ts"
import * as Annotation from "../../../src/domain/span/Annotation.ts"
import type { SpanKind } from "../../../src/domain/span/SpanKind.ts"
import * as HostileValue from "../HostileValue.ts"
import { kinds } from "../Records.ts"

const value = (input: AnnotationInput, kind: SpanKind = "llm") => {
  const { problems, value } = Annotation.parse(kind, input)
  assert.deepStrictEqual(problems, [])
  const { bytes: _, ...rest } = value
  return rest
}

const codes = (input: unknown, kind: SpanKind = "llm") => {
  const { problems, value } = Annotation.parse(kind, input as AnnotationInput)
  const { bytes: _, ...rest } = value
  return [rest, problems.map((problem) => problem.code)]
}

/** A side as the event has it: its tag is ours alone. */
const side = (io: Annotation.SpanIo | undefined) => io === undefined ? undefined : { documents: io.value }

describe("Annotation", () => {
  const sides: ReadonlyArray<readonly [SpanKind, unknown, unknown]> = [
    ["llm", { _tag: "Messages", value: [{ content: "x", role: "user" }] }, {
      _tag: "Messages",
      value: [{ content: "x", role: "assistant" }]
    }],
    ["embedding", { _tag: "Documents", value: [{ text: "x" }] }, { _tag: "Value", value: "x" }],
    ["retrieval", { _tag: "Value", value: "x" }, { _tag: "Documents", value: [{ text: "x" }] }],
    ["tool", { _tag: "Value", value: "x" }, { _tag: "Value", value: "x" }],
    ["agent", { _tag: "Value", value: "x" }, { _tag: "Value", value: "x" }],
    ["workflow", { _tag: "Value", value: "x" }, { _tag: "Value", value: "x" }],
    ["task", { _tag: "Value", value: "x" }, { _tag: "Value", value: "x" }],
    ["experiment", { _tag: "Raw", value: "x" }, { _tag: "Raw", value: "x" }]
  ]
  for (const [kind, input, output] of sides) {
    it(`records each side in the shape of its kind: ${kind}`, () => {
      assert.deepStrictEqual(value({ input: "x", output: "x" }, kind), { input, output } as never, kind)
    })
  }

  it("records an object as text, and unchanged on an experiment span", () => {
    assert.deepStrictEqual(value({ input: { a: 1 } }, "task"), { input: { _tag: "Value", value: "{\"a\":1}" } })
    assert.deepStrictEqual(value({ input: { a: 1 } }, "experiment"), { input: { _tag: "Raw", value: { a: 1 } } })
  })

  it("reads every field of an annotation", () => {
    assert.deepStrictEqual(
      value({
        name: "renamed",
        expectedOutput: [1],
        metadata: { temperature: 0.5 },
        metrics: { inputTokens: 3 },
        tags: { team: "ops", n: 1, nested: { a: 1 } },
        costTags: ["team"],
        toolDefinitions: [{ name: "track" }],
        spanLinks: [{ spanId: "1", traceId: "2" }],
        sessionId: "s-1",
        userId: "u-1",
        accountId: "a-1",
        agentVersion: "1",
        toolVersion: "2",
        intent: "find",
        config: { top: 1 }
      }),
      {
        name: "renamed",
        expectedOutput: [1],
        metadata: { temperature: 0.5 },
        metrics: { input_tokens: 3 },
        tags: { team: "ops", n: "1", nested: "{\"a\":1}" },
        costTags: ["team"],
        toolDefinitions: [{ name: "track" }],
        spanLinks: [{ span_id: "1", trace_id: "2", attributes: { from: "output", to: "input" } }],
        sessionId: "s-1",
        userId: "u-1",
        accountId: "a-1",
        agentVersion: "1",
        toolVersion: "2",
        intent: "find",
        config: { top: 1 }
      }
    )
  })

  it("converts a tag that names a session, a user or an account to that label", () => {
    assert.deepStrictEqual(value({ tags: { session_id: "s", "usr.id": "u", "usr.account_id": "a", team: "x" } }), {
      sessionId: "s",
      userId: "u",
      accountId: "a",
      tags: { team: "x" }
    })
    assert.deepStrictEqual(value({ sessionId: "field", tags: { session_id: "tag" } }), { sessionId: "field", tags: {} })
    assert.deepStrictEqual(value({ tags: { session_id: "" } }), { sessionId: "", tags: {} })
  })

  it("reads a model's request and answer unchanged, with tools, parameters and counts", () => {
    const answer = {
      model: "gpt-5-2026",
      choices: [{ finish_reason: "stop", message: { role: "assistant", content: "hello" } }],
      usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7, prompt_tokens_details: { cached_tokens: 3 } }
    }
    const request = {
      model: "gpt-5",
      temperature: 0.2,
      messages: [{ role: "user", content: "hi" }],
      tools: [{ type: "function", function: { name: "f", parameters: { type: "object" } } }]
    }
    assert.deepStrictEqual(value({ input: request, output: answer }), {
      input: { _tag: "Messages", value: [{ content: "hi", role: "user" }] },
      model: "gpt-5-2026",
      output: { _tag: "Messages", value: [{ content: "hello", role: "assistant" }] },
      metadata: { temperature: 0.2, finish_reason: "stop" },
      metrics: { input_tokens: 5, output_tokens: 2, total_tokens: 7, cache_read_input_tokens: 3 },
      toolDefinitions: [{ name: "f", schema: { type: "object" } }]
    })
    // The user's own words win.
    const own = value({ output: answer, metrics: { inputTokens: 6 }, metadata: { finish_reason: "mine" } })
    assert.deepStrictEqual([own.metrics!["input_tokens"], own.metrics!["total_tokens"]], [6, 7])
    assert.deepStrictEqual(own.metadata, { finish_reason: "mine" })
    // On other spans it is a value like any other.
    assert.deepStrictEqual(value({ output: answer }, "task"), {
      output: { _tag: "Value", value: JSON.stringify(answer) }
    })
  })

  it("records the number of embeddings instead of their vectors, and their usage", () => {
    const embedding = Array.from({ length: 1_536 }, (_, i) => i / 2)
    const text = { _tag: "Value", value: "[2 embedding(s) returned with size 1536]" }
    const usage = { prompt_tokens: 4, total_tokens: 4 }
    assert.deepStrictEqual(value({ output: { data: [{ embedding }, { embedding }], usage } }, "embedding"), {
      output: text,
      metrics: { input_tokens: 4, total_tokens: 4 }
    } as never)
    for (
      const output of [[embedding, embedding], { embeddings: [embedding, embedding] }, {
        embeddings: [{ values: embedding }, {}]
      }]
    ) {
      assert.deepStrictEqual(value({ output }, "embedding"), { output: text } as never)
    }
    assert.deepStrictEqual(value({ output: new Float32Array(3) }, "embedding").output as unknown, {
      _tag: "Value",
      value: "[1 embedding(s) returned with size 3]"
    })
    assert.deepStrictEqual(value({ output: "[0.1]" }, "embedding").output as unknown, { _tag: "Value", value: "[0.1]" })
  })

  it("tags a span that has a prompt, unless the same call names the tag", () => {
    const key = "prompt_tracking_instrumentation_method"
    assert.deepStrictEqual(value({ prompt: { id: "p" } }).tags, { [key]: "annotated" })
    assert.deepStrictEqual(value({ prompt: { id: "p" }, tags: { a: "b" } }).tags, { a: "b", [key]: "annotated" })
    assert.deepStrictEqual(value({ prompt: { id: "p" }, tags: { [key]: "auto" } }).tags, { [key]: "auto" })
  })

  it("keeps the reserved entry of metadata out of the user's reach", () => {
    assert.deepStrictEqual(value({ metadata: { _dd: { cost_tags: ["x"] }, a: 1 } }), { metadata: { a: 1 } })
  })

  it("keeps the good fields and reports the bad ones", () => {
    assert.deepStrictEqual(codes(null), [{}, ["invalid_option"]])
    assert.deepStrictEqual(codes("text"), [{}, ["invalid_option"]])
    assert.deepStrictEqual(codes({ name: 1, intent: "kept" }), [{ intent: "kept" }, ["invalid_name"]])
    assert.deepStrictEqual(codes({ sessionId: 1, userId: {}, toolVersion: "1" }), [
      { toolVersion: "1" },
      ["invalid_session_id", "invalid_option"]
    ])
    assert.deepStrictEqual(codes({ metadata: [1], tags: "x", config: 1, metrics: { a: 1 } }), [
      { metrics: { a: 1 } },
      ["invalid_metadata", "invalid_tags", "invalid_option"]
    ])
    assert.deepStrictEqual(codes({ costTags: "team" }), [{}, ["invalid_cost_tags"]])
    assert.deepStrictEqual(codes({ costTags: ["team", 1] }), [{ costTags: ["team"] }, ["invalid_cost_tags"]])
    assert.deepStrictEqual(codes({ input: 5, output: "fine" }), [
      {
        input: { _tag: "Messages", value: [{ content: "5", role: "user" }] },
        output: { _tag: "Messages", value: [{ content: "fine", role: "assistant" }] }
      },
      ["unknown_shape"]
    ])
    assert.deepStrictEqual(codes({ input: { no: "text" } }, "embedding"), [
      { input: { _tag: "Documents", value: [{ text: "{\"no\":\"text\"}" }] } },
      ["unknown_shape"]
    ])
    assert.deepStrictEqual(codes({ output: { no: "text" } }, "retrieval"), [
      { output: { _tag: "Documents", value: [{ text: "{\"no\":\"text\"}" }] } },
      ["unknown_shape"]
    ])
  })

  it("reports a problem's place without its content", () => {
    const { problems } = Annotation.parse(
      "llm",
      { tags: 1, metadata: 2, sessionId: 3, input: [{ content: { secret: 1 } }] } as never
    )
    assert.deepStrictEqual(problems.map((problem) => problem.path), [
      "sessionId",
      "input[0].content",
      "metadata",
      "tags"
    ])
    assert.notInclude(JSON.stringify(problems), "secret")
  })

  it("reads a value once, so that later changes have no effect", () => {
    const metadata = { list: [1], when: new Date(0) }
    const parsed = value({ metadata })
    metadata.list.push(2)
    assert.deepStrictEqual(parsed, { metadata: { list: [1], when: "1970-01-01T00:00:00.000Z" } })
  })

  it("reads the fields of an instance, where a class has its getters", () => {
    class Said {
      readonly metadata = { a: 1 }
      get input() {
        return "x"
      }
    }
    assert.deepStrictEqual(value(new Said(), "task"), { input: { _tag: "Value", value: "x" }, metadata: { a: 1 } })
  })

  it("loses only the field whose getter throws", () => {
    const input = Object.defineProperty({ name: "kept", metadata: { a: 1 } }, "tags", {
      enumerable: true,
      get: () => {
        throw new Error("secret")
      }
    })
    assert.deepStrictEqual(codes(input), [{ name: "kept", metadata: { a: 1 } }, ["unreadable_value"]])
  })

  it("replaces sides and tool definitions, and accumulates the rest", () => {
    const first = Annotation.parse("llm", {
      input: "a",
      output: "kept",
      metadata: { a: 1, b: 1 },
      metrics: { a: 1, b: 1 },
      tags: { a: "1", b: "1" },
      costTags: ["a", "b"],
      spanLinks: [{ spanId: "1", traceId: "1" }],
      toolDefinitions: [{ name: "one" }],
      prompt: { id: "p", version: "1" }
    }).value
    const second = Annotation.parse("llm", {
      input: "b",
      metadata: { b: 2 },
      metrics: { b: 2 },
      tags: { b: "2" },
      costTags: ["b", "c"],
      spanLinks: [{ spanId: "2", traceId: "2" }],
      toolDefinitions: [{ name: "two" }],
      prompt: { version: "2" }
    }).value
    const { bytes, ...both } = Annotation.combine(first, second)
    assert.strictEqual(bytes, first.bytes + second.bytes)
    assert.deepStrictEqual(both, {
      input: { _tag: "Messages", value: [{ content: "b", role: "user" }] },
      output: { _tag: "Messages", value: [{ content: "kept", role: "assistant" }] },
      metadata: { a: 1, b: 2 },
      metrics: { a: 1, b: 2 },
      tags: { a: "1", b: "2", prompt_tracking_instrumentation_method: "annotated" },
      costTags: ["a", "b", "c"],
      spanLinks: [
        { span_id: "1", trace_id: "1", attributes: { from: "output", to: "input" } },
        { span_id: "2", trace_id: "2", attributes: { from: "output", to: "input" } }
      ],
      toolDefinitions: [{ name: "two" }],
      prompt: { id: "p", version: "2" }
    })
  })

  it("adds a later annotation without changing the earlier one", () => {
    const touched: Array<string> = []
    const spy = <A extends object>(target: A): A =>
      new Proxy(target, {
        get: (of, key, receiver) => {
          touched.push("get")
          return Reflect.get(of, key, receiver)
        },
        set: (of, key, value) => {
          touched.push("set")
          return Reflect.set(of, key, value)
        },
        ownKeys: (of) => {
          touched.push("ownKeys")
          return Reflect.ownKeys(of)
        }
      })
    const count = (size: number): number => {
      const many = Object.fromEntries(Array.from({ length: size }, (_, i) => [`key${i}`, `${i}`]))
      const links = Array.from({ length: size }, (_, i) => ({ spanId: `${i + 1}`, traceId: "2" }))
      const said = Annotation.parse("task", { metadata: many, tags: many, spanLinks: links }).value
      const into = Annotation.owned(said)
      into.metadata = spy(into.metadata!)
      into.tags = spy(into.tags!)
      into.spanLinks = spy([...into.spanLinks!])
      touched.length = 0
      const later = { metadata: { later: 1 }, tags: { later: "1" }, spanLinks: [{ spanId: "9", traceId: "9" }] }
      Annotation.append(into, Annotation.parse("task", later).value)
      assert.lengthOf(Object.keys(into.metadata), size + 1)
      assert.lengthOf(into.spanLinks, size + 1)
      return touched.length
    }
    assert.isBelow(count(10), 20)
    assert.strictEqual(count(10), count(5_000))
  })

  it("takes over a later annotation with the result of combine", () => {
    const said: ReadonlyArray<AnnotationInput> = [
      { input: "a", metadata: { a: 1 }, tags: { a: "1" }, costTags: ["a"], prompt: { id: "p" } },
      { output: "b", metrics: { b: 1 }, metadata: { a: 2, b: 2 }, spanLinks: [{ spanId: "1", traceId: "1" }] },
      { metrics: { b: 2 }, tags: { b: "1" }, costTags: ["b"], spanLinks: [{ spanId: "2", traceId: "2" }] }
    ]
    const into = Annotation.owned(Annotation.empty)
    for (const input of said) Annotation.adopt(into, Annotation.parse("llm", input).value)
    const all = said.map((input) => Annotation.parse("llm", input).value)
    assert.deepStrictEqual(into, all.reduce(Annotation.combine))
  })

  it("leaves a copied annotation without later additions", () => {
    const region = Annotation.parse("task", {
      metadata: { a: 1 },
      tags: { a: "1" },
      spanLinks: [{ spanId: "1", traceId: "1" }]
    })
    const before = JSON.stringify(region.value)
    const [one, two] = [Annotation.owned(region.value), Annotation.owned(Annotation.empty)]
    Annotation.append(two, region.value)
    for (const into of [one, two]) {
      Annotation.append(
        into,
        Annotation.parse("task", { metadata: { b: 2 }, tags: { b: "2" }, spanLinks: [{ spanId: "2", traceId: "2" }] })
          .value
      )
    }
    assert.strictEqual(JSON.stringify(region.value), before)
    assert.deepStrictEqual(one.metadata, { a: 1, b: 2 })
    assert.deepStrictEqual(two.tags, { a: "1", b: "2" })
    assert.deepStrictEqual(Annotation.empty, { bytes: 0 })
  })

  const field = Schema.Literals([
    "name",
    "input",
    "output",
    "expectedOutput",
    "metadata",
    "metrics",
    "tags",
    "costTags",
    "toolDefinitions",
    "prompt",
    "spanLinks",
    "sessionId",
    "userId",
    "intent",
    "config"
  ])

  it.prop(
    "reads any value without throwing, and bounds its content's size from above",
    [HostileValue.arbitrary, Schema.Literals(kinds), field],
    ([hostile, kind, field]) => {
      const parsed = Annotation.parse(kind, { [field]: hostile })
      const { bytes, input, output, ...content } = parsed.value
      const written = JSON.stringify({ ...content, input: side(input), output: side(output) })
      assert.isAtLeast(bytes + 2, Buffer.byteLength(written))
    },
    { arbitrary: { runs: 400 } }
  )

  it("reads each hostile value without throwing", () => {
    for (const hostile of HostileValue.each()) {
      assert.isAtLeast(Annotation.parse("tool", hostile as AnnotationInput).value.bytes, 0)
    }
  })
})
