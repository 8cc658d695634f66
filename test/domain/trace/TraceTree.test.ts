import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as EventView from "../../../src/domain/event/EventView.ts"
import * as TerminalText from "../../../src/domain/trace/TerminalText.ts"
import * as TraceTree from "../../../src/domain/trace/TraceTree.ts"
import { HostileText } from "../HostileText.ts"
import * as HostileValue from "../HostileValue.ts"

interface Given {
  readonly id: string
  readonly parent?: string
  readonly name?: string
  readonly kind?: string
  readonly millis?: number
  readonly input?: unknown
  readonly output?: unknown
  readonly meta?: object
  readonly more?: object
  readonly route?: EventView.Route
}

let order = 0

const span = (
  { id, input, kind = "task", meta, millis = 1, more, name = id, output, parent = "undefined", route }: Given
) =>
  EventView.fromEvent({
    trace_id: "t",
    span_id: id,
    parent_id: parent,
    name,
    start_ns: order++ * 1_000_000,
    duration: millis * 1_000_000,
    status: "ok",
    meta: {
      span: { kind },
      ...(input === undefined ? {} : { input }),
      ...(output === undefined ? {} : { output }),
      ...meta
    },
    tags: ["ml_app:shop"],
    _dd: { apm_trace_id: "apm" },
    ...more
  }, route ?? "trace")

const said = (content: string) => ({ messages: [{ role: "user", content: "before" }, { role: "user", content }] })

const trace = [
  span({ id: "root", kind: "workflow", millis: 1_234, input: { value: "Where?" }, output: { value: "There." } }),
  span({
    id: "chat",
    parent: "root",
    kind: "llm",
    millis: 820,
    input: said("Where is my parcel?"),
    output: { messages: [{ role: "assistant", content: "", tool_calls: [{ name: "track", arguments: { id: 7 } }] }] },
    meta: { model_name: "gpt-5" },
    more: { metrics: { input_tokens: 12, output_tokens: 30, time_to_first_token: 0.25 }, session_id: "s-1" }
  }),
  span({ id: "inner", parent: "chat", kind: "retrieval", output: { documents: [{ text: "Ask Ann" }, {}] } }),
  span({
    id: "fails",
    parent: "root",
    kind: "tool",
    millis: 61_000,
    meta: { error: { type: "RangeError", message: "no\nsuch id" } },
    more: { status: "error" }
  })
]

describe("TraceTree", () => {
  it("draws each span with its model, tokens and time, and its prompt and answer in one line", () => {
    assert.deepStrictEqual(TraceTree.render(trace, { width: 80 }), [
      "shop · 4 spans · session s-1 · in the APM trace",
      "root  workflow                                                             1.2 s",
      "│ Where? → There.",
      "├─ chat  llm · gpt-5 · 12 → 30 tokens · first token 250 ms                820 ms",
      "│  │ Where is my parcel? → track({\"id\":7})",
      "│  └─ inner  retrieval                                                    1.0 ms",
      "│        → 2 documents: Ask Ann",
      "└─ fails  tool                                                         1 min 1 s",
      "     RangeError: no such id"
    ])
  })

  it("leaves out facts for which a narrow terminal has no room, and cuts texts on both sides of the arrow", () => {
    const lines = TraceTree.render(
      [span({
        id: "chat",
        kind: "llm",
        meta: { model_name: "a-model-of-a-long-name-that-has-no-room" },
        input: said("q".repeat(99)),
        output: { value: "a".repeat(99) }
      })],
      { width: 40 }
    )
    assert.deepStrictEqual(lines, [
      "shop · 1 span · in the APM trace",
      "chat  llm                         1.0 ms",
      `  ${"q".repeat(17)}… → ${"a".repeat(16)}…`
    ])
  })

  it("names the route in words: once for all spans, or for each when they differ", () => {
    const rescued = span({ id: "big", parent: "root", route: "evp" })
    const head = (sampledOut: boolean | undefined) => TraceTree.render([rescued], { sampledOut: () => sampledOut })[0]
    assert.strictEqual(head(true), "shop · 1 span · rescued: the trace was sampled out")
    assert.strictEqual(head(undefined), "shop · 1 span · to the intake by itself")
    const mixed = TraceTree.render([trace[0]!, rescued])
    assert.strictEqual(mixed[0], "shop · 2 spans · by several roads")
    assert.include(mixed[1], "workflow · in the APM trace")
    assert.include(mixed[3], "task · to the intake by itself")
  })

  it("lets no text of a span move the cursor, change a colour, start a line or reorder the terminal's text", () => {
    const attack = "\u001b[2J\u001b]0;title\u0007\u009b31mA\r\nB\u2028C\u202eD\u0000\u200b\ud800E"
    const hostile = span({
      id: "x",
      name: attack,
      kind: attack,
      input: { value: attack },
      output: said(attack),
      meta: { model_name: attack },
      more: { session_id: attack, tags: [`ml_app:${attack}`] }
    })
    const failed = span({ id: "y", meta: { error: { type: attack, message: attack } }, more: { status: "error" } })
    for (const line of TraceTree.render([hostile, failed], { width: 120, note: () => attack })) {
      assert.notMatch(line, /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u)
      assert.notInclude(line, "\n")
    }
  })

  it.prop(
    "writes no line wider than the terminal, for any events",
    [
      HostileText,
      HostileValue.arbitrary,
      Schema.Array(
        Schema.Tuple([Schema.Literals(["1", "2", "3"]), Schema.Literals(["undefined", "1", "2", "elsewhere"])])
      ),
      Schema.Int.check(Schema.isBetween({ minimum: 40, maximum: 130 }))
    ],
    ([text, value, ids, width]) => {
      const events = ids.map(([id, parent], index) =>
        span({
          id,
          parent,
          name: text,
          kind: text,
          input: index % 2 === 0 ? said(text) : value,
          output: { value },
          meta: { model_name: text },
          route: index % 2 === 0 ? "trace" : "direct"
        })
      )
      const lines = TraceTree.render(events, { width })
      for (const line of lines) assert.isAtMost(TerminalText.columns(line), width, JSON.stringify(line))
      assert.isAtLeast(lines.length, events.length)
    }
  )

  it("draws a chain of spans that is deeper than the stack, and each span of a parent cycle once", () => {
    const chain = Array.from({ length: 20_000 }, (_, index) => span({ id: String(index), parent: String(index - 1) }))
    const lines = TraceTree.render(chain, { width: 80 })
    assert.strictEqual(lines.length, 20_001)
    assert.isTrue(lines.every((line) => TerminalText.columns(line) <= 80))
    const circle = [span({ id: "1", parent: "2" }), span({ id: "2", parent: "1" }), span({ id: "3", parent: "3" })]
    assert.strictEqual(TraceTree.render(circle).length, 4)
  })

  it("counts wide characters as two columns", () => {
    assert.strictEqual(TerminalText.columns("荷物はどこ"), 10)
    assert.strictEqual(TerminalText.columns("e\u0301🚚"), 3)
    assert.strictEqual(TerminalText.cut("荷物はどこ", 6), "荷物…")
  })

  it("writes notes below their span, in the columns of the tree, and no line ends in a blank", () => {
    const spans = [span({ id: "1", input: { value: "Where?" } }), span({ id: "2", parent: "1" })]
    const lines = TraceTree.render(spans, { width: 40, notes: (event) => [`note ${event.spanId}`, "x".repeat(60)] })
    assert.deepStrictEqual(lines.slice(1), [
      "1  task                           1.0 ms",
      "│ Where? →",
      "│ note 1",
      `│ ${"x".repeat(60)}`,
      "└─ 2  task                        1.0 ms",
      "     note 2",
      `     ${"x".repeat(60)}`
    ])
  })
})
