import { assert, describe, it } from "@effect/vitest"
import type { ObservedSpan } from "../../../src/domain/observed/ObservedSpan.ts"
import type { SpanExpectation } from "../../../src/domain/observed/SpanExpectation.ts"
import * as SpanExpectations from "../../../src/domain/observed/SpanExpectation.ts"
import type { SpanFilter } from "../../../src/domain/observed/SpanFilter.ts"
import * as SpanFilters from "../../../src/domain/observed/SpanFilter.ts"
import { llm, span, squeezed } from "./Spans.ts"

const flow = span("1", { kind: "workflow", name: "support", sessionId: "s-1", durationMillis: 9 })
const helper = span("2", { kind: "agent", name: "helper", parentId: "1", sessionId: "s-1" })
const chat = llm("3", { parentId: "2", tags: { team: "ops" }, metadata: { temperature: 0.2, stop: ["a"] } })
const failed = span("4", {
  kind: "tool",
  name: "track",
  parentId: "1",
  sessionId: "s-1",
  status: "error",
  input: { value: `{"id":7}` },
  error: { type: "Timeout", message: "too late" }
})
const spans = [flow, helper, chat, failed]

const check = (expected: Partial<SpanExpectation>, given: ReadonlyArray<ObservedSpan> = spans) =>
  SpanExpectations.check({ first: {}, also: [], ...expected }, given)

const explained = (expected: Partial<SpanExpectation>, given?: ReadonlyArray<ObservedSpan>): ReadonlyArray<string> =>
  (check(expected, given).explanation ?? assert.fail("it came true")).split("\n")

describe("SpanFilter", () => {
  it.for<readonly [filter: SpanFilter, accepted: ReadonlyArray<ObservedSpan>]>([
    [{}, spans],
    [{ kind: "llm" }, [chat]],
    [{ name: "chat" }, [chat]],
    [{ name: "cha" }, []],
    [{ name: /^[hs]/g }, [flow, helper]],
    [{ model: null }, [flow, helper, failed]],
    [{ model: /gpt/, provider: "openai" }, [chat]],
    [{ sessionId: undefined, status: "error" }, [failed]],
    [{ error: "Timeout" }, [failed]],
    [{ error: "too late" }, [failed]],
    [{ error: /^Timeout: too/ }, [failed]],
    [{ error: null }, [flow, helper, chat]],
    [{ input: "Where is it?" }, [chat]],
    [{ input: "Where" }, []],
    [{ output: /her/i }, [chat]],
    [{ input: [{ role: "user" }] }, [chat]],
    [{ input: [] }, []],
    [{ input: { id: 7 } }, [failed]],
    [{ tags: { team: "ops" } }, [chat]],
    [{ tags: { team: null } }, [flow, helper, failed]],
    [{ metadata: { stop: ["a"] } }, [chat]],
    [{ metadata: { stop: [] } }, []],
    [{ metadata: { constructor: /./ } }, []],
    [{ metrics: { inputTokens: 3, output_tokens: 1 } }, [chat]],
    [{ metrics: { inputTokens: 4 } }, []],
    [{ metrics: { inputTokens: null } }, [flow, helper, failed]],
    [{ route: "intake" }, []],
    [{ route: "trace", kind: "llm" }, [chat]]
  ])("accepts the spans that match a filter: %o", ([filter, accepted]) => {
    // Twice, since a regular expression with a flag remembers where it ended.
    for (let i = 0; i < 2; i++) {
      assert.deepStrictEqual(spans.filter((span) => SpanFilters.accepts(filter, span)), accepted)
    }
  })

  it("takes the proxy and the direct way for the route to the intake", () => {
    for (const route of ["evp", "direct"] as const) {
      assert.isTrue(SpanFilters.accepts({ route: "intake" }, llm("1", { route })))
      assert.isFalse(SpanFilters.accepts({ route: "trace" }, llm("1", { route })))
    }
  })

  it("accepts a span exactly when the span misses none of the conditions", () => {
    const filters: ReadonlyArray<SpanFilter> = [
      { kind: "llm", name: /c/ },
      { error: null, sessionId: "s-1" },
      { tags: { team: /o/ }, input: /W/ }
    ]
    for (const filter of filters) {
      for (const span of spans) {
        const missed = SpanFilters.conditions(filter).filter(({ miss }) => miss(span) !== undefined)
        assert.strictEqual(SpanFilters.accepts(filter, span), missed.length === 0)
      }
    }
  })
})

describe("a fulfilled expectation", () => {
  it.for<readonly [expected: Partial<SpanExpectation>, found: ReadonlyArray<ObservedSpan>]>([
    [{ first: { kind: "llm" } }, [chat]],
    [{ also: [{ _tag: "Under", above: { kind: "workflow", name: "support" } }] }, [helper, chat, failed]],
    [{ also: [{ _tag: "ChildOf", above: { kind: "workflow" } }] }, [helper, failed]],
    [{ also: [{ _tag: "Root" }] }, [flow]],
    [{ first: { sessionId: "s-1" }, times: 4 }, spans],
    [{ first: { kind: "embedding" }, times: 0 }, []]
  ])("gives the spans that match an expectation: %o", ([expected, found]) => {
    assert.deepStrictEqual(check(expected), { found, explanation: undefined })
  })
})

describe("the explanation of an unfulfilled expectation", () => {
  it("shows the expected and the actual spans on the tree of the trace", () => {
    assert.deepStrictEqual(
      squeezed(explained({
        first: { kind: "llm", model: "gpt-4o" },
        also: [
          { _tag: "Under", above: { kind: "workflow", name: "support" } },
          { sessionId: "s-2" },
          { metrics: { inputTokens: 4 } }
        ]
      })),
      [
        `Expected an llm span with the model "gpt-4o", under a workflow span "support", with the session "s-2", ` +
        `with the metrics {"input_tokens":4}.`,
        "1 llm span was delivered, none matched.",
        "",
        "shop · 4 spans · session s-1 · in the APM trace",
        "support  workflow  9.0 ms",
        "├─ helper  agent  1.0 ms",
        "│  └─ chat  llm · gpt-5 · 3 → 1 tokens  1.0 ms",
        "│       Where is it? → Here.",
        `│       ✗ model: "gpt-5", not "gpt-4o"`,
        `│       ✓ under a workflow span "support"`,
        `│       ✗ session: "s-1", not "s-2"`,
        `│       ✗ metrics: {"input_tokens":3}, not {"input_tokens":4}`,
        "└─ track  tool  1.0 ms",
        "     Timeout: too late"
      ]
    )
  })

  it("shows where a span is instead", () => {
    const places = (also: SpanExpectation["also"]) =>
      explained({ first: { kind: "llm" }, also }).find((line) => line.includes("place"))?.trim()
    assert.match(places([{ _tag: "Root" }])!, /place: under the agent span "helper", not at the root$/)
    assert.match(
      places([{ _tag: "ChildOf", above: { kind: "workflow" } }])!,
      /place: right under the agent span "helper", not right under a workflow span$/
    )
    assert.match(places([{ _tag: "Under", above: { name: "x" } }])!, /place: not under a span "x"$/)
    assert.include(
      explained({ also: [{ _tag: "ChildOf", above: {} }], first: { kind: "workflow" } }).join("\n"),
      "place: at the root, not right under a span"
    )
    const orphan = [llm("9", { parentId: "8" })]
    assert.include(
      explained({ also: [{ _tag: "Root" }] }, orphan).join("\n"),
      "place: under a span that was not recorded, not at the root"
    )
  })

  it("counts the actual spans when another number was expected, and marks those that matched", () => {
    const lines = explained({ first: { kind: "llm" }, times: 0 })
    assert.deepStrictEqual(lines.slice(0, 2), [
      "Expected none of: an llm span.",
      "1 llm span was delivered, 1 matched."
    ])
    assert.include(lines.join("\n"), "✓ matched")
    assert.strictEqual(explained({ first: { kind: "llm" }, times: 2 })[0], "Expected 2 of: an llm span.")
  })

  it("shows every span when none has the kind, and reports when there is no span at all", () => {
    const lines = explained({ first: { kind: "retrieval" } })
    assert.strictEqual(lines[1], "4 spans were delivered, none of the kind retrieval.")
    for (const { name } of spans) assert.include(lines.join("\n"), name)
    assert.match(explained({}, [])[1]!, /^No span was delivered/)
  })

  it("shows the closest traces first, within a hundred lines", () => {
    const others = Array.from(
      { length: 200 },
      (_, i) => llm("3", { traceId: `t-${i + 10}`, model: "other", name: "x" })
    )
    const lines = explained({ first: { kind: "llm", model: "gpt-5", name: "never" } }, [...others, ...spans])
    assert.match(lines[3]!, /^shop · 4 spans/)
    assert.lengthOf(lines, 3 + 100 + 1)
    assert.match(lines.at(-1)!, /^… and \d+ more lines$/)
  })
})
