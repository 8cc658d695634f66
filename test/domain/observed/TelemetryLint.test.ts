import { assert, describe, it } from "@effect/vitest"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { root } from "../../../scripts/SourceFile.ts"
import type { ObservedSpan } from "../../../src/domain/observed/ObservedSpan.ts"
import * as TelemetryLint from "../../../src/domain/observed/TelemetryLint.ts"
import { llm, span, squeezed } from "./Spans.ts"

const found = (...spans: ReadonlyArray<ObservedSpan>): ReadonlyArray<string> =>
  TelemetryLint.check(spans).map(({ rule, span }) => `${rule} ${span.spanId}`)

const flow = span("1", { kind: "workflow", name: "support", sessionId: "s-1" })

// For each rule a trace that breaks it in one place, and the nearest one that does not.
const cases: {
  readonly [K in TelemetryLint.RuleName]: {
    readonly breaks: ReadonlyArray<ObservedSpan>
    readonly keeps: ReadonlyArray<ObservedSpan>
  }
} = {
  "usage-on-parent": {
    breaks: [{ ...flow, metrics: { input_tokens: 3 } }, span("2", { parentId: "1" }), llm("3", { parentId: "2" })],
    keeps: [{ ...flow, metrics: { input_tokens: 3 } }, llm("3", { parentId: "1", status: "error", metrics: {} })]
  },
  "nested-llm": {
    breaks: [llm("2"), span("3", { parentId: "2" }), llm("1", { parentId: "3" })],
    keeps: [llm("2"), llm("1", { parentId: "2", status: "error", metrics: {} })]
  },
  "missing-usage": {
    breaks: [llm("1", { metrics: { latency: 1 } })],
    keeps: [llm("1", { metrics: { total_tokens: 0 } })]
  },
  "unknown-model": {
    breaks: [llm("1", { provider: "unknown" })],
    keeps: [span("1", { model: "unknown", sessionId: "s-1" })]
  },
  "empty-input": {
    breaks: [llm("1", { input: { messages: [{ role: "user", content: " " }] } })],
    keeps: [llm("1", { input: { messages: [{ role: "user", content: "", image_parts: [] }] } })]
  },
  "empty-output": {
    breaks: [llm("1", { output: { messages: [] } })],
    keeps: [llm("1", { output: { messages: [] }, status: "error" })]
  },
  "missing-session": {
    breaks: [span("1"), span("2", { parentId: "1" })],
    keeps: [flow, span("2", { parentId: "1" })]
  },
  orphan: {
    breaks: [span("1", { parentId: "9", parentSource: "parent", sessionId: "s-1" })],
    keeps: [span("1", { parentId: "9", parentSource: "propagated", sessionId: "s-1" })]
  },
  "tag-with-comma": {
    breaks: [{ ...flow, tags: { teams: "a,b" } }],
    keeps: [{ ...flow, tags: { teams: "a;b" } }]
  },
  "long-tag": {
    breaks: [{ ...flow, tags: { note: "x".repeat(196) } }],
    keeps: [{ ...flow, tags: { note: "x".repeat(195) } }]
  },
  "id-in-name": {
    breaks: [{ ...flow, name: "support 3f2504e0-4f89-11d3-9a0c-0305e82c3301" }],
    keeps: [{ ...flow, name: "gpt-4o-2024-08-06 20240806" }]
  },
  "wrong-total": {
    breaks: [llm("1", { metrics: { input_tokens: 3, output_tokens: 1, total_tokens: 5 } })],
    keeps: [llm("1", { metrics: { input_tokens: 3, total_tokens: 5 } })]
  },
  truncated: {
    breaks: [{ ...flow, collectionErrors: ["dropped_io"] }],
    keeps: [flow]
  }
}

describe("TelemetryLint", () => {
  for (const [rule, { breaks, keeps }] of Object.entries(cases)) {
    it(`finds exactly one problem in a trace that breaks ${rule}, and none in one that keeps it`, () => {
      assert.deepStrictEqual(found(...breaks), [`${rule} 1`])
      assert.deepStrictEqual(found(...keeps), [])
    })

    it(`skips ${rule} when it is switched off`, () => {
      assert.deepStrictEqual(TelemetryLint.check(breaks, { except: [rule as TelemetryLint.RuleName] }), [])
    })
  }

  it("finds each form of an id in a name", () => {
    for (const name of ["order 123456789", "span 00f067aa0ba902b7", "u-4bf92f3577b34da6a3ce929d0e0e4736"]) {
      assert.deepStrictEqual(found({ ...flow, name }), ["id-in-name 1"])
    }
  })

  it("lists every rule and its description in the table of docs/testing.md", () => {
    const page = Fs.readFileSync(Path.join(root, "docs/testing.md"), "utf8")
    const rows = [...page.matchAll(/^\| `([\w-]+)` +\| (.*?) +\|$/gm)].map(([, rule, finds]) => [rule, finds])
    assert.deepStrictEqual(rows.slice(-Object.keys(cases).length), Object.entries(TelemetryLint.rules))
    assert.deepStrictEqual(Object.keys(TelemetryLint.rules), Object.keys(cases))
  })

  it("shows its findings below the spans of the tree, and nothing when there are none", () => {
    const spans = [flow, llm("2", { parentId: "1", output: { messages: [] } })]
    const findings = TelemetryLint.check(spans)
    assert.deepStrictEqual(squeezed(TelemetryLint.explain(spans, findings)!.split("\n")), [
      "The linter has 1 finding.",
      "",
      "shop · 2 spans · session s-1 · in the APM trace",
      "support  workflow  1.0 ms",
      "└─ chat  llm · gpt-5 · 3 → 1 tokens  1.0 ms",
      "     Where is it? →",
      "     ✗ empty-output: The output is empty. Give `output`, or annotate it."
    ])
    assert.isUndefined(TelemetryLint.explain(spans, []))
  })
})
