/**
 * Rows about requests, headers and sizes.
 */
import { pathOf } from "./Difference.ts"
import type { Place, Row } from "./Row.ts"
import * as Rows from "./Row.ts"
import type { Json, JsonObject, Scenario, Step } from "./Scenario.ts"
import * as Scenarios from "./Scenario.ts"
import type { SpanStep } from "./SpanSteps.ts"
import * as SpanSteps from "./SpanSteps.ts"

const injects = (span: SpanStep): boolean =>
  span.step["inject"] !== undefined || span.step["inject_after_children"] !== undefined

const repeated = (value: Json | undefined): number =>
  Rows.isObject(value) && value["$special"] === "repeat"
    ? (value["text"] as string).length * (value["times"] as number)
    : 0

const argument = (step: Step, name: string): Json | undefined =>
  (step.annotations ?? []).map((args) => args[name]).findLast((value) => value !== undefined && value !== null)

const metadataOf = (step: Step): JsonObject =>
  Object.assign({}, ...(step.annotations ?? []).map((args) => args["metadata"] ?? {}))

const textBytes = (step: Step): number =>
  [argument(step, "input_data"), argument(step, "output_data"), ...Object.values(metadataOf(step))]
    .reduce((sum: number, value) => sum + repeated(value), 0)

const defaultEventBytes = 5_000_000

const tooLarge = (scenario: Scenario) =>
  SpanSteps.of(scenario).flatMap((span) => {
    const limit = Number(Rows.envOf(scenario, span.process)["DD_LLMOBS_EVENT_SIZE_BYTES"] ?? defaultEventBytes)
    const event = Rows.eventPath(scenario, span)
    return event === undefined || textBytes(span.step) <= limit ? [] : [{ span, event }]
  })

const shorter = (path: string, length: number): Place => ({
  path,
  ours: (actual) =>
    Rows.isObject(actual) && Rows.isObject(actual["$long_string"]) &&
    Number(actual["$long_string"]["length"]) < length && Number(actual["$long_string"]["length"]) > length / 4
})

const smallBytes = 1024 * 1024
const pythonPayloadBytes = 5_242_880
const pythonBufferEvents = 1_000

const awkwardApp = (scenario: Scenario): string | undefined => {
  const apps = [
    scenario.config.env["DD_LLMOBS_ML_APP"],
    ...Scenarios.allSteps(scenario).map((step) => step["ml_app"] as string | undefined)
  ]
  return apps.find((app) => typeof app === "string" && (/[^\x20-\x2b\x2d-\x7e]/.test(app) || app.length > 256)) ??
    undefined
}

const labels = (span: SpanStep): ReadonlyArray<string> =>
  [span.step["inject"], span.step["inject_after_children"]].filter((label) => label !== undefined) as Array<string>

export const rows: ReadonlyArray<Row> = [
  {
    id: "S15-context-id",
    kind: "S",
    uses: 1,
    why: "weakness 15: annotation contexts leave nothing in headers",
    places: (scenario) =>
      SpanSteps.of(scenario).filter((span) => span.inContext).flatMap(labels).map((label) =>
        Rows.is(`${pathOf("$.headers", label)}.baggage`, undefined)
      )
  },
  {
    id: "S22-one-bad-value",
    kind: "S",
    uses: 5,
    why: "weakness 22: an application name that a header cannot carry costs itself, not all that the header says",
    places: (scenario) => {
      const app = awkwardApp(scenario)
      if (app === undefined) return []
      return SpanSteps.of(scenario).filter(injects).flatMap((span): ReadonlyArray<Place> => [
        ...labels(span).flatMap((label): ReadonlyArray<Place> => [
          {
            path: `${pathOf("$.headers", label)}.x-datadog-tags`,
            ours: (actual) =>
              typeof actual === "string" && actual.includes(`_dd.p.llmobs_parent_id=${span.id},`) &&
              actual.includes("_dd.p.llmobs_sd=") && actual.includes("_dd.p.tid=") && !actual.includes("ml_app")
          },
          ...(/[^\x20-\x7e]/.test(app)
            ? [{
              path: `${pathOf("$.headers", label)}.tracestate`,
              ours: (actual: Json | undefined) =>
                typeof actual === "string" && actual.includes(`t.llmobs_parent_id:${span.id};`) &&
                actual.includes("t.tid:") && !actual.includes("ml_app")
            }]
            : [])
        ]),
        Rows.is(pathOf(`${pathOf("$.spans", SpanSteps.rootOf(span).id)}.meta`, "_dd.propagation_error"), undefined)
      ])
    }
  },
  {
    id: "S6-surrogate",
    kind: "S",
    uses: 3,
    why: "weakness 6: an unpaired surrogate is replaced, and the chunk with all its spans arrives",
    places: (scenario) => {
      const all = SpanSteps.of(scenario)
      const rides = scenario.config.env["DD_APM_TRACING_ENABLED"] !== "false"
      const broken = all.filter((span) => rides && /\\ud[89a-f]/.test(JSON.stringify(span.step.annotations ?? [])))
      const roots = new Set(broken.map((span) => SpanSteps.rootOf(span).id))
      return all.filter((span) => roots.has(SpanSteps.rootOf(span).id)).map(({ id }) => ({
        path: pathOf("$.spans", id),
        ours: (actual) =>
          Rows.isObject(actual) && actual["span_id"] === id && Rows.isObject(actual["meta_struct"]) &&
          !JSON.stringify(actual).includes("\\ud")
      }))
    }
  },
  {
    id: "S6-shrunk",
    kind: "S",
    uses: 10,
    why: "weakness 6: an event that is too large loses the middle of its longest texts, not all of both sides",
    places: (scenario) =>
      tooLarge(scenario).flatMap(({ event, span }): ReadonlyArray<Place> => [
        Rows.is(`${event}.collection_errors`, undefined),
        ...["input", "output"].flatMap((side): ReadonlyArray<Place> => {
          const given = argument(span.step, `${side}_data`)
          const path = `${event}.meta.${side}.value`
          if (typeof given === "string") return [Rows.is(path, given)]
          return repeated(given) > 0 ? [shorter(path, repeated(given))] : []
        }),
        ...Object.entries(metadataOf(span.step)).flatMap(([key, value]) => {
          const path = `${pathOf(`${event}.meta.metadata`, key)}["$long_string"]`
          const length = repeated(value)
          return length === 0 ? [] : [{
            path: `${path}.length`,
            ours: (actual: Json | undefined) => typeof actual === "number" && actual < length && actual > length / 4
          }]
        })
      ])
  },
  {
    id: "R1-buffer",
    kind: "R",
    uses: 1,
    why: "R1: what may wait is bounded in bytes and not in events, so none of these is lost",
    places: (scenario) => {
      const count = SpanSteps.of(scenario).filter(SpanSteps.isLlm).length
      return count > pythonBufferEvents && scenario.config.env["DD_APM_TRACING_ENABLED"] === "false"
        ? [Rows.is("$.event_count", count)]
        : []
    }
  },
  {
    id: "R1-small-requests",
    kind: "R",
    uses: 3,
    why: "R1: a request is closed at 1 MiB, so that no single call holds the program up",
    places: (scenario) => {
      const large = SpanSteps.of(scenario).filter((span) => textBytes(span.step) > smallBytes)
      if (large.length < 2 || scenario.expected.requests.some((request) => request.kind === "traces")) return []
      const groups: Array<{ bytes: number; ids: Array<string> }> = []
      for (const { id, step } of large) {
        const last = groups.at(-1)
        if (last === undefined || last.bytes + textBytes(step) > pythonPayloadBytes) {
          groups.push({ bytes: textBytes(step), ids: [id] })
        } else {
          last.bytes += textBytes(step)
          last.ids.push(id)
        }
      }
      return large.flatMap(({ id }, i): ReadonlyArray<Place> => {
        const path = `$.llmobs_requests[${i}]`
        const theirs = groups[i]?.ids
        if (theirs === undefined) {
          return [{
            path,
            ours: (actual) => Rows.isObject(actual) && JSON.stringify(actual["holds"]) === JSON.stringify([id])
          }]
        }
        return [
          ...(theirs[0] === id ? [] : [Rows.is(`${path}.holds[0]`, id)]),
          ...theirs.slice(1).map((_, j) => Rows.is(`${path}.holds[${j + 1}]`, undefined))
        ]
      })
    }
  },
  {
    id: "R1-paused",
    kind: "R",
    uses: 1,
    why: "R1: refused credentials pause the intake and lose nothing, so the end of the program tries once more",
    places: (scenario) =>
      scenario.config.agent?.evp_status === 403
        ? [{
          path: "$.llmobs_requests[1]",
          ours: (actual) => Rows.isObject(actual) && actual["answered"] === 403 && Array.isArray(actual["holds"])
        }]
        : []
  },
  {
    id: "R1-no-proxy",
    kind: "R",
    uses: 1,
    why:
      "R1: a 404 of the proxy is a definite refusal that loses nothing, so a flush and the end try again, with pauses",
    places: (scenario) =>
      scenario.config.agent?.evp_status === 404
        ? [{
          path: "$.llmobs_requests[1]",
          andLater: true,
          ours: (actual) => Rows.isObject(actual) && actual["answered"] === 404 && Array.isArray(actual["holds"])
        }]
        : []
  }
]
