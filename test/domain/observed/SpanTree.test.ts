import { assert, describe, it } from "@effect/vitest"
import * as SpanTree from "../../../src/domain/observed/SpanTree.ts"
import { llm, span, squeezed } from "./Spans.ts"

const rendered = (...given: Parameters<typeof SpanTree.render>) => SpanTree.render(...given).split("\n")

const shape = (trees: ReadonlyArray<SpanTree.SpanTree>): unknown =>
  trees.map(({ children, span }) => children.length === 0 ? span.spanId : [span.spanId, shape(children)])

const spans = [
  llm("4", { parentId: "3", sessionId: "s-1" }),
  span("1", { kind: "workflow", name: "support", sessionId: "s-1", durationMillis: 250 }),
  span("3", { kind: "agent", name: "helper", parentId: "1", sessionId: "s-1" }),
  span("2", { kind: "tool", name: "track", parentId: "1", sessionId: "s-2", input: { value: `{"id":7}` } }),
  span("5", { parentId: "1", status: "error", error: { type: "Timeout", message: "too\nlate" } })
]

describe("SpanTree", () => {
  it("puts each span below its parent, ordered by start, whatever order they came in", () => {
    assert.deepStrictEqual(shape(SpanTree.make(spans)), [["1", ["2", ["3", ["4"]], "5"]]])
    assert.deepStrictEqual(SpanTree.make(spans.toReversed()), SpanTree.make(spans))
  })

  it("starts a tree with a span whose parent did not come, and keeps traces apart", () => {
    const trees = SpanTree.make([span("1"), span("2", { traceId: "t-2", parentId: "1" }), span("3", { parentId: "9" })])
    assert.deepStrictEqual(shape(trees), ["1", "2", "3"])
  })

  it("shows each span once, also when parents form a cycle or a span came twice", () => {
    const circle = SpanTree.make([
      span("1", { parentId: "3" }),
      span("2", { parentId: "1" }),
      span("3", { parentId: "2" }),
      span("4", { parentId: "4" })
    ])
    assert.deepStrictEqual(shape(circle), [["2", [["3", ["1"]]]], "4"])
    assert.strictEqual(SpanTree.parents(circle).size, 2)
    const twice = SpanTree.make([span("1"), span("1"), span("2", { parentId: "1" })])
    assert.deepStrictEqual(shape(twice), [["1", ["2"]], "1"])
  })

  it("builds a tree as deep as there are spans", () => {
    const deep = Array.from({ length: 20_000 }, (_, i) => span(String(i), i === 0 ? {} : { parentId: String(i - 1) }))
    const trees = SpanTree.make(deep)
    assert.strictEqual(trees.length, 1)
    assert.strictEqual(SpanTree.parents(trees).size, 19_999)
  })
})

describe("the text of span trees", () => {
  it("writes a tree for each trace, with notes below their spans, whatever order they came in", () => {
    const lines = rendered([...spans, llm("1", { traceId: "t-2" })], { notes: ({ spanId }) => [`note ${spanId}`] })
    assert.deepStrictEqual(squeezed(lines), [
      "shop · 5 spans · session s-1 · in the APM trace",
      "support  workflow  250 ms",
      "│ note 1",
      "├─ track  tool  1.0 ms",
      `│    {"id":7} →`,
      "│    note 2",
      "├─ helper  agent  1.0 ms",
      "│  │ note 3",
      "│  └─ chat  llm · gpt-5 · 3 → 1 tokens  1.0 ms",
      "│       Where is it? → Here.",
      "│       note 4",
      "└─ step  task  1.0 ms",
      "     Timeout: too late",
      "     note 5",
      "",
      "shop · 1 span · session s-1 · in the APM trace",
      "chat  llm · gpt-5 · 3 → 1 tokens  1.0 ms",
      "  Where is it? → Here.",
      "  note 1"
    ])
    assert.deepStrictEqual(rendered(spans.toReversed()), rendered(spans))
  })

  it("stops after the allowed number of lines and counts the rest", () => {
    assert.deepStrictEqual(rendered(spans, { maxLines: 2 }).slice(2), ["… and 7 more lines"])
  })

  it("sends no control character to a terminal, in names and in notes", () => {
    const hostile = "\u001b[31m\u202e\u0000\n\ud800".repeat(100)
    const text = SpanTree.render([span("1", { name: hostile, model: hostile, sessionId: hostile })], {
      notes: () => [hostile, SpanTree.quoted(hostile)]
    })
    // eslint-disable-next-line no-control-regex
    for (const line of text.split("\n")) assert.notMatch(line, /[\u0000-\u001f\u202e\ud800]/u)
  })
})
