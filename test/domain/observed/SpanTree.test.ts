import { assert, describe, it } from "@effect/vitest"
import * as SpanTree from "../../../src/domain/observed/SpanTree.ts"
import { llm, span } from "./Spans.ts"

const rendered = (...given: Parameters<typeof SpanTree.render>) => SpanTree.render(...given).split("\n")

const shape = (trees: ReadonlyArray<SpanTree.SpanTree>): unknown =>
  trees.map(({ children, span }) => children.length === 0 ? span.spanId : [span.spanId, shape(children)])

const spans = [
  llm("4", { parentId: "3", sessionId: "s-1" }),
  span("1", { kind: "workflow", name: "support", sessionId: "s-1", durationMillis: 250 }),
  span("3", { kind: "agent", name: "helper", parentId: "1", sessionId: "s-1" }),
  span("2", { kind: "tool", name: "track", parentId: "1", sessionId: "s-2", input: `{"id":7}` }),
  span("5", { parentId: "1", status: "error", error: { type: "Timeout", message: "too\nlate", stack: "" } })
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
    const twice = SpanTree.make([span("1"), span("1"), span("2", { parentId: "1" })])
    assert.deepStrictEqual(shape(twice), [["1", ["2"]], "1"])
  })

  it("builds a tree as deep as there are spans", () => {
    const deep = Array.from({ length: 20_000 }, (_, i) => span(String(i), i === 0 ? {} : { parentId: String(i - 1) }))
    const trees = SpanTree.make(deep)
    assert.strictEqual(trees.length, 1)
    assert.strictEqual(SpanTree.parents(trees).size, 19_999)
    assert.strictEqual(rendered(trees, { maxLines: 3 }).at(-1), "… and 19997 more lines")
  })
})

describe("the text of span trees", () => {
  it("writes a line a span: kind, name, model, a session unlike the parent's, tokens, time, error and content", () => {
    assert.deepStrictEqual(rendered(SpanTree.make(spans)), [
      `workflow "support"  session s-1  250 ms`,
      String.raw`├─ tool "track"  session s-2  1 ms  "{\"id\":7}" →`,
      `├─ agent "helper"  1 ms`,
      `│  └─ llm "chat"  gpt-5 (openai)  3 in, 1 out  1 ms  "Where is it?" → "Here."`,
      String.raw`└─ task "step"  1 ms  failed: Timeout: too\u000alate`
    ])
  })

  it("writes notes below their span, in the columns of the tree", () => {
    const notes = rendered(SpanTree.make(spans), { notes: ({ spanId }) => [`note ${spanId}`] })
    assert.deepStrictEqual(notes.filter((line) => line.includes("note")), [
      "│  note 1",
      "│     note 2",
      "│  │  note 3",
      "│     │     note 4".replace("│     │     ", "│        "),
      "      note 5"
    ])
  })

  it("fits its width for any text of spans, and sends no control character to a terminal", () => {
    const hostile = "\u001b[31m\u202e\u0000\n\ud800".repeat(100)
    const tree = SpanTree.make([span("1", { name: hostile, model: hostile, sessionId: hostile, output: hostile })])
    for (const width of [0, 1, 2, 40, 120, 5_000]) {
      for (const line of rendered(tree, { width })) {
        assert.isAtMost(line.length, Math.max(1, width))
        // eslint-disable-next-line no-control-regex
        assert.notMatch(line, /[\u0000-\u001f\u202e\ud800]/u)
      }
    }
  })

  it("paints part by part without changing the width", () => {
    const painted = rendered(SpanTree.make([llm("1")]), { width: 30, paint: (part, text) => `<${part}>${text}</>` })
    assert.deepStrictEqual(painted, [
      `<kind>llm </><name>"chat"</><branch>  </><model>gpt-5 (openai)</><branch>  </><label>s</>…`
    ])
  })
})
