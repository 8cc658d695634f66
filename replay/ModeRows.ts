/**
 * Rows about how a process delivers at all: without an Agent, with an Agent that offers little, switched off, or with
 * traces that the program itself drops.
 */
import * as Sites from "../src/domain/delivery/Site.ts"
import * as ContentRows from "./ContentRows.ts"
import * as Difference from "./Difference.ts"
import type { Place, Row } from "./Row.ts"
import * as Rows from "./Row.ts"
import type { Json, JsonObject, Scenario } from "./Scenario.ts"
import * as Scenarios from "./Scenario.ts"
import type { SpanStep } from "./SpanSteps.ts"
import * as SpanSteps from "./SpanSteps.ts"

const spanPath = (span: SpanStep): string => Difference.pathOf("$.spans", span.id)

const eventOf = (span: SpanStep, also: (event: JsonObject) => boolean): Place => ({
  path: Difference.pathOf("$.events", span.id),
  ours: (actual) =>
    Rows.isObject(actual) && actual["span_id"] === span.id && actual["name"] === span.step.name && also(actual)
})

const proxied: Place = {
  path: "$.llmobs_requests[0]",
  ours: (actual) =>
    Rows.isObject(actual) && actual["path"] === "/evp_proxy/v2/api/v2/llmobs" && actual["answered"] === 202
}

const noTrace = (scenario: Scenario): ReadonlyArray<Place> => [
  ...SpanSteps.of(scenario).map((span) => Rows.is(spanPath(span), undefined)),
  Rows.is("$.traces_requests[0]", undefined)
]

const structMeta = (scenario: Scenario, span: SpanStep): Json | undefined => {
  const struct = Rows.apmSpans(scenario).find((candidate) => candidate["span_id"] === span.id)?.["meta_struct"]
  const event = Rows.isObject(struct) ? struct["_llmobs"] : undefined
  return Rows.isObject(event) ? event["meta"] : undefined
}

const hidesEvp = (scenario: Scenario): boolean => {
  const endpoints = scenario.config.agent?.endpoints
  return endpoints !== undefined && !endpoints.includes("/evp_proxy/v2/")
}

const isUnknownSite = (scenario: Scenario, process: number): boolean =>
  scenario.config.capture !== undefined &&
  Sites.parse(Rows.envOf(scenario, process)["DD_SITE"] ?? undefined).value === undefined

// The headers that name a trace, in any style.
const carriers = /^(x-datadog-|x-b3-|b3$|traceparent$)/

const extractsOnly = (scenario: Scenario, process: number): boolean =>
  scenario.program.processes[process]!.incoming_via === "apm_extract"

export const rows: ReadonlyArray<Row> = [
  {
    id: "R-C13-no-agent",
    kind: "R",
    uses: 11,
    why: "C13: who asked to do without an Agent is taken at his word; Python's traces go to the Agent all the same",
    places: (scenario) =>
      Rows.withoutAgent(scenario) && scenario.expected.requests.some(({ kind }) => kind === "traces")
        ? noTrace(scenario)
        : []
  },
  {
    id: "R-C13-agent-is-enough",
    kind: "R",
    uses: 4,
    why: "C13: no key is needed beside an Agent: events ride, and any version of its proxy will do for the others",
    places: (scenario) =>
      hidesEvp(scenario) ? [Rows.is("$.modes[0]", "apm_agent"), Rows.is("$.api_errors[\"0:enable\"]", undefined)] : []
  },
  {
    id: "R-C13-unknown-site",
    kind: "R",
    uses: 3,
    why: "C13: no host is made up for a site that is not Datadog's; it has to be allowed by name",
    places: (scenario) =>
      scenario.program.processes.flatMap((_, i) =>
        isUnknownSite(scenario, i)
          ? [
            Rows.is(`$.modes[${i}]`, null),
            Rows.is(`$.default_intakes[${i}]`, null),
            Rows.is(`$.api_errors["${i}:enable"]`, ["missing_site"])
          ]
          : []
      )
  },
  {
    id: "S17-in-flight",
    kind: "S",
    uses: 7,
    why:
      "weakness 17: switched off, what runs is recorded to its end and takes its way; no unwanted trace is sent for it",
    places: (scenario) => {
      const steps = Scenarios.allSteps(scenario)
      const off = steps.findIndex((step) => step.op === "disable")
      if (off === -1 || scenario.config.env["DD_APM_TRACING_ENABLED"] !== "false") return []
      const before = SpanSteps.of(scenario).filter((span) => SpanSteps.isLlm(span) && steps.indexOf(span.step) < off)
      return [
        ...before.map((span) =>
          eventOf(
            span,
            (event) => Difference.find(ContentRows.withRoles(structMeta(scenario, span)), event["meta"]).length === 0
          )
        ),
        proxied,
        ...noTrace(scenario)
      ]
    }
  },
  {
    id: "S8-filter",
    kind: "S",
    uses: 3,
    why: "weakness 8: a trace that the program's own filter drops is not sent, and its events are rescued",
    places: (scenario) =>
      scenario.config.drop_apm_traces_filter === true
        ? [
          ...SpanSteps.of(scenario).filter(SpanSteps.isLlm).map((span) =>
            eventOf(span, (event) => event["status"] === "ok" && Rows.isObject(event["meta"]))
          ),
          proxied
        ]
        : []
  },
  {
    id: "R-E1-empty-headers",
    kind: "R",
    uses: 1,
    why: "E1: no input is an error to the program; headers without a trace start one of their own",
    places: (scenario) =>
      scenario.program.processes.flatMap(({ incoming }, i) =>
        incoming !== undefined && Object.keys(incoming).every((name) => !carriers.test(name))
          ? [Rows.is(`$.api_errors["${i}:incoming"]`, undefined)]
          : []
      )
  },
  {
    id: "S25-no-span",
    kind: "S",
    uses: 1,
    why: "weakness 25, E1: without a span there is nothing to inject; that is no error, and no headers are made up",
    places: (scenario) =>
      scenario.program.processes.flatMap(({ steps }, i) =>
        steps.some((step) => step.op === "inject_active")
          ? [Rows.is(`$.api_errors["${i}:inject@active"]`, undefined)]
          : []
      )
  },
  {
    id: "R-one-extract",
    kind: "R",
    uses: 5,
    why: "one call continues a trace, the LLM trace with it; upstream's sampling is not made up either",
    places: (scenario) =>
      SpanSteps.of(scenario).filter((span) => extractsOnly(scenario, span.process)).flatMap((span) => {
        const event = Rows.eventPath(scenario, span)!
        const { incoming } = scenario.program.processes[span.process]!
        const tags = new Map(incoming!["x-datadog-tags"]!.split(",").map((tag) => tag.split("=") as [string, string]))
        const said = (name: string): string => tags.get(`_dd.p.llmobs_${name}`)!
        const members = [
          `dd=p:${span.id}.hex`,
          `s:${incoming!["x-datadog-sampling-priority"]}`,
          `t.llmobs_parent_id:${span.id}`,
          `t.llmobs_trace_id:${said("trace_id")}`,
          `t.llmobs_ml_app:${said("ml_app")}`,
          `t.llmobs_sid:${said("sid")}`
        ].sort()
        return [
          Rows.is(`${event}._dd.sample_rate`, undefined),
          Rows.is(`${event}._dd.sampling_decision`, undefined),
          Rows.is(`${event}.parent_id`, said("parent_id")),
          Rows.is(`${event}.trace_id`, said("trace_id")),
          {
            path: `${Difference.pathOf("$.headers", span.step["inject"] as string)}.tracestate`,
            ours: (actual: Json | undefined) =>
              typeof actual === "string" && actual.split(";").sort().join() === members.join()
          }
        ]
      })
  }
]
