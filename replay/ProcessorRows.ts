/**
 * Rows about redaction: what a processor of spans may do, and what becomes of a span when it fails.
 */
import { pathOf } from "./Difference.ts"
import type { Place, Row } from "./Row.ts"
import * as Rows from "./Row.ts"
import type { JsonObject, ProcessorRule, Scenario } from "./Scenario.ts"
import type { SpanStep } from "./SpanSteps.ts"
import * as SpanSteps from "./SpanSteps.ts"

const tagsOf = (span: SpanStep): JsonObject =>
  Object.assign({}, ...SpanSteps.annotations(span).map(({ args }) => args["tags"] ?? {}))

const metadataOf = (span: SpanStep): JsonObject =>
  Object.assign({}, ...SpanSteps.annotations(span).map(({ args }) => args["metadata"] ?? {}))

const applies = (rule: ProcessorRule, span: SpanStep): boolean =>
  Object.entries(rule.when_tag ?? {}).every(([key, value]) => tagsOf(span)[key] === value)

const perSpan =
  (place: (event: string, span: SpanStep, rules: ReadonlyArray<ProcessorRule>) => ReadonlyArray<Place>) =>
  (scenario: Scenario): ReadonlyArray<Place> => {
    const rules = scenario.config.span_processor?.rules
    if (rules === undefined) return []
    return SpanSteps.of(scenario).flatMap((span) => {
      const event = SpanSteps.isLlm(span) ? Rows.eventPath(scenario, span) : undefined
      return event === undefined ? [] : place(event, span, rules.filter((rule) => applies(rule, span)))
    })
  }

export const rows: ReadonlyArray<Row> = [
  {
    id: "S13-kind-tag",
    kind: "S",
    uses: 8,
    why: "weakness 13: a processor sees a copy, and leaves no tag behind",
    places: perSpan((event) => [Rows.is(pathOf(`${event}.tags`, "span.kind"), undefined)])
  },
  {
    id: "S5-fail-closed",
    kind: "S",
    uses: 2,
    why: "weakness 5: a processor that fails, or returns something else, costs the content and not the secret",
    places: perSpan((event, span, rules) => {
      if (!rules.some(({ action }) => action === "raise" || action === "return_text")) return []
      const given = SpanSteps.annotations(span).map(({ args }) => args)
      const side = (name: string) => given.some((args) => args[`${name}_data`] !== undefined)
      return [
        ...["input", "output"].filter(side).map((name) => Rows.is(`${event}.meta.${name}`, undefined)),
        ...Object.keys(metadataOf(span)).map((key) => Rows.is(pathOf(`${event}.meta.metadata`, key), undefined))
      ]
    })
  },
  {
    id: "S5-whole-result",
    kind: "S",
    uses: 1,
    why: "weakness 5: what a processor returns counts, so metadata that it made unusable is left out",
    places: perSpan((event, span, rules) => {
      const last = rules.findLast(({ action }) => action === "set_metadata")
      if (last === undefined || Rows.isObject(last.metadata)) return []
      return Object.keys(metadataOf(span)).map((key) => Rows.is(pathOf(`${event}.meta.metadata`, key), undefined))
    })
  }
]
