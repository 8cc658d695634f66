/**
 * Rows about the headers that leave, the tags that they leave on spans, and events whose way the captured SDK chooses
 * otherwise.
 */
import { pathOf } from "./Difference.ts"
import type { Place, Row } from "./Row.ts"
import * as Rows from "./Row.ts"
import type { Json, JsonObject, Scenario } from "./Scenario.ts"
import type { SpanStep } from "./SpanSteps.ts"
import * as SpanSteps from "./SpanSteps.ts"

const llmobsTags = [
  "_dd.p.llmobs_parent_id",
  "_dd.p.llmobs_trace_id",
  "_dd.p.llmobs_ml_app",
  "_dd.p.llmobs_sid",
  "_dd.p.llmobs_sr",
  "_dd.p.llmobs_sd",
  "_dd.p.llmobs_pagent_span_id",
  "_dd.p.llmobs_pagent_name"
]

const injects = (span: SpanStep): boolean =>
  span.step["inject"] !== undefined || span.step["inject_after_children"] !== undefined

const labels = (span: SpanStep): ReadonlyArray<string> =>
  [span.step["inject"], span.step["inject_after_children"]].filter((label) => label !== undefined) as Array<string>

const continues = (scenario: Scenario, process: number): boolean => {
  const { incoming, incoming_from } = scenario.program.processes[process]!
  return incoming_from !== undefined || (incoming?.["x-datadog-tags"] ?? "").includes("_dd.p.llmobs_")
}

// Whether the trace of a span has context that Python shares among its spans: after an injection, under an upstream, or
// because a span names a session.
const shares = (scenario: Scenario, span: SpanStep, all: ReadonlyArray<SpanStep>): boolean =>
  continues(scenario, span.process) ||
  all.some((other) =>
    SpanSteps.rootOf(other).id === SpanSteps.rootOf(span).id &&
    (injects(other) || other.step["session_id"] !== undefined)
  )

const metaOf = (scenario: Scenario, span: SpanStep): JsonObject => {
  const found = Rows.apmSpans(scenario).find((candidate) => candidate["span_id"] === span.id)
  return (found?.["meta"] ?? {}) as JsonObject
}

const metaPath = (span: SpanStep, tag: string): string => pathOf(`${pathOf("$.spans", span.id)}.meta`, tag)

const rescued = (scenario: Scenario): ReadonlyArray<Place> => {
  const llm = SpanSteps.of(scenario).filter(SpanSteps.isLlm)
  return [
    ...llm.flatMap((span): ReadonlyArray<Place> => [
      {
        path: pathOf("$.events", span.id),
        ours: (actual) => Rows.isObject(actual) && actual["span_id"] === span.id && Rows.isObject(actual["meta"])
      },
      Rows.is(metaPath(span, "_dd.llmobs.submitted"), "1"),
      Rows.is(`${pathOf("$.spans", span.id)}.meta_struct`, undefined)
    ]),
    { path: "$.llmobs_requests[0]", ours: (actual) => Rows.isObject(actual) && actual["answered"] === 202 }
  ]
}

export const rows: ReadonlyArray<Row> = [
  {
    id: "S21-shared-tags",
    kind: "S",
    uses: 161,
    why: "weakness 21: headers are made anew for each call, and what they say of the LLM trace is written on no span",
    places: (scenario) => {
      if (Rows.withoutAgent(scenario)) return []
      const all = SpanSteps.of(scenario)
      return all.filter((span) => shares(scenario, span, all)).flatMap((span) =>
        llmobsTags.filter((tag) => metaOf(scenario, span)[tag] !== undefined).map((tag) =>
          Rows.is(metaPath(span, tag), undefined)
        )
      )
    }
  },
  {
    id: "R-first-span-tid",
    kind: "R",
    uses: 4,
    why: "the upper half of the trace id is on the first span of a chunk; Python repeats an upstream's on all",
    places: (scenario) =>
      SpanSteps.of(scenario)
        .filter((span) => span.around.length > 0 && continues(scenario, span.process))
        .filter((span) => metaOf(scenario, span)["_dd.p.tid"] !== undefined)
        .map((span) => Rows.is(metaPath(span, "_dd.p.tid"), undefined))
  },
  {
    id: "R-C4-decision-maker",
    kind: "R",
    uses: 5,
    why: "C4: the upstream's priority stays as it came; without APM Python says that it decided it itself",
    places: (scenario) =>
      SpanSteps.of(scenario).filter((span) => {
        const { incoming, incoming_via } = scenario.program.processes[span.process]!
        return incoming_via === undefined && Rows.envOf(scenario, span.process)["DD_APM_TRACING_ENABLED"] === "false" &&
          incoming !== undefined &&
          incoming["x-datadog-sampling-priority"] !== undefined &&
          !(incoming["x-datadog-tags"] ?? "").includes("_dd.p.dm")
      }).flatMap(labels).map((label) => {
        const theirs = scenario.expected.headers?.[label]?.["tracestate"] ?? ""
        return Rows.is(
          `${pathOf("$.headers", label)}.tracestate`,
          theirs.replace("t.dm:-0;", "").split(",")[0]!
        )
      })
  },
  {
    id: "R-C16-no-struct",
    kind: "R",
    uses: 7,
    why: "C16: an Agent that says it cannot carry the struct is not given one; the events go to the intake",
    places: (scenario) => scenario.config.agent?.span_meta_structs === false ? rescued(scenario) : []
  },
  {
    id: "R-C3-sample-rate",
    kind: "R",
    uses: 10,
    why: "C3: DD_TRACE_SAMPLE_RATE has its documented effect, and what it rejects is rescued",
    places: (scenario) => {
      if (scenario.config.env["DD_TRACE_SAMPLE_RATE"] !== "0") return []
      const root = SpanSteps.of(scenario)[0]!
      const metric = (name: string, value: Json) =>
        Rows.is(pathOf(`${pathOf("$.spans", root.id)}.metrics`, name), value)
      return [
        ...rescued(scenario),
        Rows.is(metaPath(root, "_dd.p.dm"), "-3"),
        metric("_dd.rule_psr", 0),
        metric("_sampling_priority_v1", -1)
      ]
    }
  }
]
