/**
 * Rows about what a span records.
 */
import * as ProcessIdentity from "../src/adapters/node-process/ProcessIdentity.ts"
import { pathOf } from "./Difference.ts"
import type { Place, Row } from "./Row.ts"
import * as Rows from "./Row.ts"
import type { Json, JsonObject, Scenario } from "./Scenario.ts"
import type { SpanStep } from "./SpanSteps.ts"
import * as SpanSteps from "./SpanSteps.ts"
import * as SpecialValue from "./SpecialValue.ts"

interface Recorded extends SpanStep {
  readonly event: string
}

const recorded = (scenario: Scenario): ReadonlyArray<Recorded> =>
  SpanSteps.of(scenario).flatMap((span) => {
    const event = SpanSteps.isLlm(span) ? Rows.eventPath(scenario, span) : undefined
    return event === undefined ? [] : [{ ...span, event }]
  })

const perSpan = (place: (span: Recorded, scenario: Scenario) => ReadonlyArray<Place>) => (scenario: Scenario) =>
  recorded(scenario).flatMap((span) => place(span, scenario))

const perAnnotation =
  (place: (span: Recorded, args: JsonObject, at: string) => ReadonlyArray<Place>) => (scenario: Scenario) =>
    recorded(scenario).flatMap((span) => SpanSteps.annotations(span).flatMap(({ args, at }) => place(span, args, at)))

// As a capture would write it.
const nearest = (integer: string): Json => SpecialValue.encodeNumber(BigInt(Number(integer)))

const metricName = (key: string): string => key.replaceAll(".", "_")

// The order in which Python works through the arguments of one call, and stops at the first bad one.
const order = ["metadata", "metrics", "tags", "input_data", "output_data"] as const

const isBad = (name: typeof order[number], value: Json | undefined, kind: string | undefined): boolean => {
  if (value === undefined || value === null) return false
  if (name === "input_data" || name === "output_data") {
    return kind === "llm" &&
      (Array.isArray(value) ? value as ReadonlyArray<Json> : [value]).some((message) =>
        typeof message === "number" || typeof message === "boolean"
      )
  }
  if (!Rows.isObject(value)) return true
  return name === "metrics" &&
    Object.values(value).some((number) =>
      typeof number === "string" || number === null || (Rows.isObject(number) && number["$special"] === undefined)
    )
}

const later = (span: Recorded, args: JsonObject): ReadonlyArray<Place> => {
  const bad = order.findIndex((name) => isBad(name, args[name], span.step.kind))
  if (bad === -1) return []
  return order.slice(bad + 1).flatMap((name): ReadonlyArray<Place> => {
    const value = args[name]
    if (value === undefined || value === null || isBad(name, value, span.step.kind)) return []
    switch (name) {
      case "input_data":
      case "output_data": {
        const side = `${span.event}.meta.${name === "input_data" ? "input" : "output"}`
        return [
          span.step.kind === "llm" && typeof value === "string"
            ? Rows.is(side, { messages: [{ content: value, role: name === "input_data" ? "user" : "assistant" }] })
            : { path: side, ours: (actual) => actual !== undefined }
        ]
      }
      case "tags":
        return Object.entries(value as JsonObject).map(([key, tag]) =>
          Rows.is(pathOf(`${span.event}.tags`, key), String(tag))
        )
      default:
        return Object.entries(value as JsonObject).map(([key, item]) =>
          Rows.is(pathOf(`${span.event}.${name === "metrics" ? "metrics" : "meta.metadata"}`, key), item)
        )
    }
  })
}

const ownApp = (span: SpanStep): string | undefined =>
  (span.step["agent_service"] ?? span.step["ml_app"]) as string | undefined

const appOf = (span: SpanStep): string | undefined =>
  [span, ...span.around].map(ownApp).find((app) => app !== undefined)

const documents = (value: Json | undefined): ReadonlyArray<Json> => Array.isArray(value) ? value : [value ?? null]

export const rows: ReadonlyArray<Row> = [
  {
    id: "L-boolean-metric",
    kind: "L",
    uses: 1,
    why: "a boolean is a number in Python; here it counts as 1 or 0",
    places: perAnnotation((span, args) =>
      Object.entries(Rows.isObject(args["metrics"]) ? args["metrics"] : {}).flatMap(([key, value]) =>
        typeof value === "boolean" ? [Rows.is(pathOf(`${span.event}.metrics`, metricName(key)), Number(value))] : []
      )
    )
  },
  {
    id: "L-integer-metric",
    kind: "L",
    uses: 1,
    why: "a metric is a double here: of an integer that it cannot hold, the nearest",
    places: perAnnotation((span, args) =>
      Object.entries(Rows.isObject(args["metrics"]) ? args["metrics"] : {}).flatMap(([key, value]) =>
        Rows.isObject(value) && value["$special"] === "int" && !Number.isSafeInteger(Number(value["value"]))
          ? [Rows.is(pathOf(`${span.event}.metrics`, metricName(key)), nearest(value["value"] as string))]
          : []
      )
    )
  },
  {
    id: "L-key-error",
    kind: "L",
    uses: 3,
    why: "the text of Python's KeyError is the literal of its key",
    places: perSpan((span, scenario) =>
      [span, ...SpanSteps.of(scenario).filter((inner) => inner.around.some(({ id }) => id === span.id))]
        .flatMap(({ step }) => step.error?.type === "KeyError" ? [step.error] : [])
        .map((error) => Rows.is(`${span.event}.meta.error.message`, error.message ?? ""))
    )
  },
  {
    id: "L-program-name",
    kind: "L",
    uses: 3,
    why: "without DD_SERVICE the service is named after the program, and each language looks elsewhere for that",
    places: perSpan((span, scenario) => {
      const env = Rows.envOf(scenario, span.process)
      if ((env["DD_SERVICE"] ?? null) !== null || scenario.config.enable?.["service"] !== undefined) return []
      const name = ProcessIdentity.read().programName
      const hasApp = appOf(span) !== undefined || (env["DD_LLMOBS_ML_APP"] ?? null) !== null
      return (hasApp ? ["service"] : ["service", "ml_app", "agent_service"]).map((tag) =>
        Rows.is(`${span.event}.tags.${tag}`, name)
      )
    })
  },
  {
    id: "R-E1-accepted-parts",
    kind: "R",
    uses: 4,
    why: "E1: a bad argument costs itself and not those after it",
    places: perAnnotation(later)
  },
  {
    id: "R-E1-reported",
    kind: "R",
    uses: 2,
    why: "E1: what was changed or left out is reported by its code; Python logs it or says nothing",
    places: perAnnotation((_, args, at) => {
      const metrics = Rows.isObject(args["metrics"]) ? Object.entries(args["metrics"]) : []
      const nonFinite = metrics.some(([, value]) =>
        Rows.isObject(value) && ["nan", "inf", "-inf"].includes(String(value["$special"]))
      )
      const dotted = metrics.some(([key]) => key.includes("."))
      const codes = [...(nonFinite ? ["invalid_metrics"] : []), ...(dotted ? ["invalid_metrics"] : [])]
      return codes.length === 0 ? [] : [Rows.is(Rows.problemsPath(at), codes)]
    })
  },
  {
    id: "S4-metrics",
    kind: "S",
    uses: 2,
    why: "weakness 4: a metric that is no finite number is left out and reported",
    places: perAnnotation((span, args) =>
      Object.entries(Rows.isObject(args["metrics"]) ? args["metrics"] : {}).flatMap(([key, value]) =>
        Rows.isObject(value) && ["nan", "inf", "-inf"].includes(String(value["$special"]))
          ? [Rows.is(pathOf(`${span.event}.metrics`, metricName(key)), undefined)]
          : []
      )
    )
  },
  {
    id: "S40-reserved",
    kind: "S",
    uses: 1,
    why: "weakness 40: users cannot write the reserved part of metadata",
    places: perAnnotation((span, args) =>
      Rows.isObject(args["metadata"]) && args["metadata"]["_dd"] !== undefined
        ? [Rows.is(`${span.event}.meta.metadata._dd`, undefined)]
        : []
    )
  },
  {
    id: "S39-prompt-app",
    kind: "S",
    uses: 2,
    why: "weakness 39: a prompt belongs to the application of its span",
    places: perAnnotation((span, args) => {
      const app = appOf(span)
      if (app === undefined || span.step.kind !== "llm" || !Rows.isObject(args["prompt"])) return []
      const path = `${span.event}.meta.input.prompt`
      return [
        ...(args["prompt"]["id"] ? [] : [Rows.is(`${path}.id`, `${app}_unnamed-prompt`)]),
        Rows.is(`${path}.ml_app`, app)
      ]
    })
  },
  {
    id: "S38-score",
    kind: "S",
    uses: 1,
    why: "weakness 38: a score of 0 says something and is kept",
    places: perAnnotation((span, args) => {
      const [side, value] = span.step.kind === "embedding"
        ? ["input", args["input_data"]]
        : ["output", span.step.kind === "retrieval" ? args["output_data"] : undefined]
      return documents(value as Json | undefined).flatMap((document, i) =>
        Rows.isObject(document) && document["score"] === 0
          ? [Rows.is(`${span.event}.meta.${side}.documents[${i}].score`, 0)]
          : []
      )
    })
  },
  {
    id: "S26-app-in-tasks",
    kind: "S",
    uses: 6,
    why: "weakness 26: the application of a span is carried into tasks and threads",
    places: perSpan((span) => {
      const app = span.forkedUnder === undefined ? undefined : appOf(span.forkedUnder)
      const inside = span.around.slice(0, span.around.findIndex(({ id }) => id === span.forkedUnder?.id))
      if (app === undefined || [span, ...inside].some((inner) => ownApp(inner) !== undefined)) return []
      return ["agent_service", "ml_app"].map((tag) => Rows.is(`${span.event}.tags.${tag}`, app))
    })
  }
]
