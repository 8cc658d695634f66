/**
 * One row of the table of intended differences, and where a scenario's spans stand in what is compared.
 */
import { pathOf } from "./Difference.ts"
import type { Json, JsonObject, Scenario } from "./Scenario.ts"
import type { SpanStep } from "./SpanSteps.ts"

/** A JSON path at which a scenario must differ, and what must stand there instead. */
export interface Place {
  readonly path: string
  /** Whether later entries of the list at the end of the path may differ alike: their number depends on timing. */
  readonly andLater?: boolean
  readonly ours: (actual: Json | undefined) => boolean
}

export interface Row {
  readonly id: string
  /** A language fold, a requirement, or a weakness of the captured SDK that is mended here. */
  readonly kind: "L" | "R" | "S"
  /** The requirement, or the weakness, in a sentence. */
  readonly why: string
  /** How often it is used over all scenarios of the project. */
  readonly uses: number
  /** Computed from the configuration and the program of a scenario; empty where the row does not apply. */
  readonly places: (scenario: Scenario) => ReadonlyArray<Place>
}

/** Our value is exactly this; `undefined`: nothing stands there. */
export const is = (path: string, value: Json | undefined): Place => ({
  path,
  ours: (actual) => JSON.stringify(actual) === JSON.stringify(value)
})

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const requests = (scenario: Scenario, kind: string): ReadonlyArray<Json> =>
  scenario.expected.requests.filter((request) => request.kind === kind).flatMap(({ body }) =>
    Array.isArray(body) ? body as ReadonlyArray<Json> : []
  )

/** Every APM span of a capture, by its decimal id. */
export const apmSpans = (scenario: Scenario): ReadonlyArray<JsonObject> => [
  ...requests(scenario, "traces").flatMap((chunk) => chunk as unknown as ReadonlyArray<JsonObject>),
  ...scenario.expected.requests.filter(({ kind }) => kind === "agentless_traces").flatMap(({ body }) =>
    (body as unknown as { readonly traces: ReadonlyArray<{ readonly spans: ReadonlyArray<JsonObject> }> }).traces
  ).flatMap(({ spans }) => spans).map((span) => ({ ...span, span_id: String(span["span_id"]).replace(/\.hex$/, "") }))
]

/** The path of a span's event: by itself, or inside its APM span. `undefined` where the capture has none. */
export const eventPath = (scenario: Scenario, { id }: SpanStep): string | undefined => {
  const alone = requests(scenario, "llmobs").some((envelope) =>
    isObject(envelope) && ((envelope["spans"] as ReadonlyArray<JsonObject>)[0]?.["span_id"]) === id
  )
  if (alone) return pathOf("$.events", id)
  const rides = apmSpans(scenario).some((span) => span["span_id"] === id && span["meta_struct"] !== undefined)
  return rides ? `${pathOf("$.spans", id)}.meta_struct._llmobs` : undefined
}

/** The captured events of a span, by itself or inside its APM span, with their paths. A span can have several. */
export const events = (
  scenario: Scenario,
  span: SpanStep
): ReadonlyArray<{ readonly event: JsonObject; readonly path: string }> => {
  const alone = requests(scenario, "llmobs").flatMap((envelope) =>
    isObject(envelope) ? envelope["spans"] as ReadonlyArray<JsonObject> : []
  ).filter((event) => event["span_id"] === span.id)
  if (alone.length > 0) {
    return alone.map((event, i) => ({ event, path: pathOf("$.events", i === 0 ? span.id : `${span.id}#${i + 1}`) }))
  }
  const path = eventPath(scenario, span)
  const struct = apmSpans(scenario).find((candidate) => candidate["span_id"] === span.id)?.["meta_struct"]
  const event = isObject(struct) ? struct["_llmobs"] : undefined
  return path !== undefined && isObject(event) ? [{ event, path }] : []
}

/** The path of the problems that an API call reported. */
export const problemsPath = (at: string): string => pathOf("$.api_errors", at)

/** The settings of the process that a span belongs to. */
export const envOf = (scenario: Scenario, process: number): { readonly [name: string]: string | null } => ({
  ...scenario.config.env,
  ...scenario.program.processes[process]!.env
})

/** Whether a scenario asks to do without an Agent, and its APM traces have no intake either. */
export const withoutAgent = (scenario: Scenario): boolean =>
  (envOf(scenario, 0)["DD_LLMOBS_AGENTLESS_ENABLED"] === "1" ||
    scenario.config.enable?.["agentless_enabled"] === true) &&
  scenario.config.capture === undefined
