/**
 * Replays one scenario: checks it, runs its program, and compares what arrived with what the capture holds.
 */
import * as LLMObs from "effect-llmobs/LLMObs"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as ExportMode from "../src/domain/delivery/ExportMode.ts"
import { Transport } from "../src/ports/Transport.ts"
import type { AgentStandIn } from "./AgentStandIn.ts"
import * as AgentStandIns from "./AgentStandIn.ts"
import * as Canonical from "./Canonical.ts"
import * as Capture from "./Capture.ts"
import type { Difference } from "./Difference.ts"
import * as Differences from "./Difference.ts"
import * as Intakes from "./Intakes.ts"
import * as IntendedDifferences from "./IntendedDifferences.ts"
import { Placeholders } from "./Placeholders.ts"
import * as Program from "./Program.ts"
import type { ApiError, Expected, JsonObject, Process, Scenario } from "./Scenario.ts"
import * as Scenarios from "./Scenario.ts"
import * as Skips from "./Skips.ts"
import * as SpanProcessor from "./SpanProcessor.ts"
import * as SpecialValue from "./SpecialValue.ts"

/** The outcome of a scenario. */
export type Outcome =
  | {
    readonly _tag: "Passed"
    readonly produced: Expected
    readonly used: ReadonlyMap<string, number>
  }
  | {
    readonly _tag: "Failed"
    readonly produced: Expected | undefined
    readonly lines: ReadonlyArray<string>
    readonly used: ReadonlyMap<string, number>
  }
  | { readonly _tag: "Skipped"; readonly reason: string }

const none: ReadonlyMap<string, number> = new Map()

/** Runs a scenario. It never fails: what goes wrong is the outcome. */
export const replay = (scenario: Scenario): Effect.Effect<Outcome> => {
  const unknown = Scenarios.unknownParts(scenario)
  if (unknown.length > 0) {
    const lines = unknown.map((path) => `${path}: not known to this runner`)
    return Effect.succeed({ _tag: "Failed", produced: undefined, lines, used: none })
  }
  const reason = Skips.reason(scenario)
  if (reason !== undefined) return Effect.succeed({ _tag: "Skipped", reason })
  return Effect.matchCause(Effect.scoped(produce(scenario)), {
    onFailure: (cause): Outcome => ({
      _tag: "Failed",
      produced: undefined,
      lines: [`the program could not run: ${String(cause)}`],
      used: none
    }),
    onSuccess: (produced) => judge(scenario, produced)
  })
}

const judge = (scenario: Scenario, produced: Expected): Outcome => {
  const found = Differences.find(Canonical.make(scenario, scenario.expected), Canonical.make(scenario, produced))
  const { left, problems, used } = IntendedDifferences.apply(scenario, found)
  const lines = [...left.map((difference: Difference) => Differences.render(difference)), ...problems]
  const whole = shortened(scenario, produced)
  return lines.length === 0
    ? { _tag: "Passed", produced: whole, used }
    : { _tag: "Failed", produced: whole, lines, used }
}

// Long lists are compared whole, and written as the captures write them.
const shortened = (scenario: Scenario, produced: Expected): Expected =>
  scenario.config.summarise !== true ? produced : {
    ...produced,
    requests: produced.requests.map((request) =>
      request.body === undefined ? request : { ...request, body: SpecialValue.summarise(request.body, true) }
    )
  }

const produce = Effect.fnUntraced(function*(scenario: Scenario) {
  const agent = yield* AgentStandIns.make(scenario.config.agent)
  const placeholders = new Placeholders(foreignIds(scenario))
  const logs: Array<{ readonly process: number; readonly level: string; readonly message: string }> = []
  const run: Program.Run = {
    placeholders,
    errors: [],
    exports: new Map(),
    headers: new Map(),
    process: 0,
    at: undefined
  }
  const logger = Logger.make(({ logLevel, message }) => {
    const level = logLevel.toUpperCase()
    const code = run.at === "enable" ? /^effect-llmobs: (missing_api_key|missing_site): /.exec(String(message)) : null
    if (code !== null) run.errors.push({ process: run.process, at: "enable", code: code[1]!, message: String(message) })
    if (level === "WARN" || level === "ERROR" || level === "FATAL") {
      logs.push({ process: run.process, level: level === "WARN" ? "WARNING" : level, message: String(message) })
    }
  })
  for (const [index, process] of scenario.program.processes.entries()) {
    run.process = index
    agent.process = index
    const incoming = headersOf(run, process)
    const steps = Program.steps(run, process.steps)
    const program = Effect.andThen(
      Program.started(run, incoming === undefined ? steps : LLMObs.extract(incoming)(steps)),
      LLMObs.flush
    )
    // Python raises where the intake that it was told to use cannot be known; the layer warns, and holds events.
    run.at = "enable"
    const layer = Layer.provide(
      layerOf(scenario, index, agent, run),
      Layer.effect(Transport, Intakes.redirected(siteOf(scenario, index), agent))
    )
    yield* Effect.scoped(Effect.provide(program, layer)).pipe(Effect.provide(Logger.layer([logger])))
    run.at = undefined
  }
  return producedFrom(scenario, agent, run, logs)
})

const producedFrom = (
  scenario: Scenario,
  agent: AgentStandIn,
  run: Program.Run,
  logs: NonNullable<Expected["logs"]>
): Expected => {
  const { placeholders } = run
  const redact = (value: unknown) => Capture.redactTimes(value as JsonObject, placeholders, "")
  const headers = Object.fromEntries(
    [...run.headers].map(([label, set]) => [
      label,
      Object.fromEntries(Object.entries(set).map(([name, value]) => [name, Capture.redactHeader(value, placeholders)]))
    ])
  )
  return {
    modes: scenario.program.processes.map((_, index) =>
      run.errors.some(({ at, process }) => process === index && at === "enable") ? null : modeOf(scenario, agent, index)
    ),
    id_counts: { spans: placeholders.spans, traces: placeholders.traces, llmobs_traces: placeholders.llmTraces },
    ...(run.errors.length === 0 ? undefined : { api_errors: run.errors satisfies ReadonlyArray<ApiError> }),
    ...(logs.length === 0 ? undefined : { logs }),
    ...(run.headers.size === 0 ? undefined : { headers }),
    ...(run.exports.size === 0
      ? undefined
      : { exports: redact(Object.fromEntries(run.exports)) as NonNullable<Expected["exports"]> }),
    ...(scenario.config.capture === undefined
      ? undefined
      : { default_intakes: scenario.program.processes.map((_, index) => Intakes.of(siteOf(scenario, index))) }),
    requests: Capture.requests(agent.received, placeholders, { summarise: scenario.config.summarise === true })
  }
}

// The mode is fixed when a process starts, by its settings and by whether it found an Agent: an API key in its requests
// says that it did not.
const modeOf = (scenario: Scenario, agent: AgentStandIn, index: number): string => {
  const env = envOf(scenario, index)
  const sent = agent.received.filter((request) => request.process === index)
  return ExportMode.decide({
    agentless: isAgentless(scenario, index) || sent.some((request) => request.headers["dd-api-key"] !== undefined),
    overrideOrigin: typeof env["DD_LLMOBS_OVERRIDE_ORIGIN"] === "string",
    apmTracing: env["DD_APM_TRACING_ENABLED"] !== "false",
    apmAgentless: wantsApmAgentless(scenario, index)
  }).replaceAll("-", "_")
}

const isAgentless = (scenario: Scenario, index: number): boolean =>
  envOf(scenario, index)["DD_LLMOBS_AGENTLESS_ENABLED"] === "1" ||
  scenario.config.enable?.["agentless_enabled"] === true

// Without an Agent Python sends APM traces to their intake unless it is told otherwise; here that has to be asked for
// (requirement C10), so the runner asks where Python did it.
const wantsApmAgentless = (scenario: Scenario, index: number): boolean =>
  isAgentless(scenario, index) && scenario.config.capture?.["apm_agentless_to_sink"] === true

const envOf = (scenario: Scenario, index: number) => ({
  ...scenario.config.env,
  ...scenario.program.processes[index]!.env
})

const siteOf = (scenario: Scenario, index: number): string | undefined => envOf(scenario, index)["DD_SITE"] ?? undefined

const headersOf = (run: Program.Run, process: Process): { readonly [name: string]: string } | undefined => {
  const from = process.incoming_from === undefined ? process.incoming : run.headers.get(process.incoming_from)
  if (from === undefined) return undefined
  return Object.fromEntries(Object.entries(from).filter(([name]) => !(process.incoming_drop ?? []).includes(name)))
}

const foreignIds = (scenario: Scenario): ReadonlySet<string> => {
  const texts = scenario.program.processes.flatMap((process) => Object.values(process.incoming ?? {}))
  const ids = texts.flatMap((text) => text.match(/[0-9a-f]+/g) ?? [])
  // A decimal trace id of 128 bits is hex inside.
  const wide = ids.filter((id) => /^\d{20,39}$/.test(id)).map((id) => BigInt(id).toString(16).padStart(32, "0"))
  return new Set([...ids, ...wide])
}

const layerOf = (scenario: Scenario, index: number, agent: AgentStandIn, run: Program.Run): Layer.Layer<never> => {
  const env: { [name: string]: string } = {
    DD_TRACE_AGENT_URL: agent.url,
    DD_TRACE_GIT_METADATA_ENABLED: "false",
    _DD_APM_TRACING_AGENTLESS_ENABLED: String(wantsApmAgentless(scenario, index))
  }
  for (const [name, value] of Object.entries(envOf(scenario, index))) {
    if (value === null) delete env[name]
    else env[name] = value.replaceAll("{sink}", agent.url)
  }
  const enable = scenario.config.enable ?? {}
  const text = (key: string): string | undefined => enable[key] as string | undefined
  const processor = SpanProcessor.of(scenario)
  return LLMObs.layerFromConfig({
    apm: "all",
    flushInterval: "30 seconds",
    // An intake that always refuses is not waited for.
    flushTimeout: typeof scenario.config.agent?.evp_status === "number" ? "1 second" : "50 seconds",
    onProblem: Program.onProblem(run),
    traceFilter: scenario.config.drop_apm_traces_filter === true ? () => false : undefined,
    processors: processor === undefined ? undefined : [processor],
    mlApp: text("ml_app"),
    agentService: text("agent_service"),
    env: text("env"),
    service: text("service"),
    site: text("site"),
    sampleRate: enable["sample_rate"] as number | undefined,
    agentless: enable["agentless_enabled"] as boolean | undefined,
    apiKey: text("api_key") === undefined ? undefined : Redacted.make(text("api_key")!)
  }).pipe(Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env }))))
}
