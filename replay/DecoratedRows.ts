/**
 * Rows about decorated functions, whose arguments and results are recorded as Datadog's SDK for JavaScript does.
 */
import type { Row } from "./Row.ts"
import * as Rows from "./Row.ts"
import type { Json, Scenario } from "./Scenario.ts"
import type { SpanStep } from "./SpanSteps.ts"
import * as SpanSteps from "./SpanSteps.ts"

interface Decorated extends SpanStep {
  readonly event: string
}

const decorated = (scenario: Scenario): ReadonlyArray<Decorated> =>
  SpanSteps.of(scenario).flatMap((span) => {
    const event = span.step.op === "decorated" ? Rows.eventPath(scenario, span) : undefined
    return event === undefined ? [] : [{ ...span, event }]
  })

const annotates = ({ step }: SpanStep, side: "input_data" | "output_data"): boolean =>
  (step.annotations ?? []).some((args) => args[side] !== undefined)

const capturesNothing = ({ step }: SpanStep): boolean =>
  (step["options"] as { readonly [key: string]: Json } | undefined)?.["_automatic_io_annotation"] === false

/** Whether a side of a span is the result of an llm function, which only Python records. */
export const isResultOfModel = (span: SpanStep): boolean =>
  span.step.op === "decorated" && span.step.kind === "llm" && typeof span.step["returns"] === "string" &&
  !annotates(span, "output_data") && !capturesNothing(span)

const values = new Set(["workflow", "agent", "task", "tool", "retrieval"])

export const rows: ReadonlyArray<Row> = [
  {
    id: "L-decorator-tag",
    kind: "L",
    uses: 16,
    why: "the SDK for JavaScript does not tag decorated functions",
    places: (scenario) => decorated(scenario).map(({ event }) => Rows.is(`${event}.tags.decorator`, undefined))
  },
  {
    id: "L-one-argument",
    kind: "L",
    uses: 6,
    why: "the SDK for JavaScript records a single argument itself, without its name",
    places: (scenario) =>
      decorated(scenario).filter((span) =>
        values.has(span.step.kind ?? "") && !annotates(span, "input_data") && !capturesNothing(span) &&
        (span.step["args"] as ReadonlyArray<Json> | undefined)?.length === 1 && span.step["kwargs"] === undefined
      ).map(({ event, step }) => {
        const [given] = step["args"] as ReadonlyArray<Json>
        const value = `${event}.meta.input.value`
        return typeof given === "string" ? Rows.is(value, given) : Rows.is(`${value}|json|`, given)
      })
  },
  {
    id: "L-result-of-model",
    kind: "L",
    uses: 1,
    why: "the SDK for JavaScript does not record the result of an llm function",
    places: (scenario) =>
      decorated(scenario).filter(isResultOfModel).map(({ event }) => Rows.is(`${event}.meta.output`, undefined))
  }
]
