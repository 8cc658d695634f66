/**
 * A scenario file: a configuration, a program, and what Datadog's Python SDK put on the wire for it.
 *
 * An unknown part of a file fails it, because a step that is not run would otherwise count as passed.
 */

export type Json = null | boolean | number | string | ReadonlyArray<Json> | JsonObject

export interface JsonObject {
  readonly [key: string]: Json
}

export interface Step {
  readonly op?: string
  readonly sdk?: "llmobs" | "tracer"
  readonly kind?: string
  readonly name?: string
  readonly children?: ReadonlyArray<Step>
  readonly branches?: ReadonlyArray<ReadonlyArray<Step>>
  readonly annotations?: ReadonlyArray<JsonObject>
  readonly annotations_after_finish?: ReadonlyArray<JsonObject>
  readonly error?: { readonly type: string; readonly message?: string; readonly propagate?: boolean }
  readonly mark_error?: JsonObject
  readonly catch_error?: boolean
  readonly [key: string]: unknown
}

export interface Process {
  readonly env?: { readonly [name: string]: string | null }
  readonly incoming?: { readonly [name: string]: string }
  readonly incoming_from?: string
  readonly incoming_drop?: ReadonlyArray<string>
  readonly incoming_via?: "apm_extract"
  readonly steps: ReadonlyArray<Step>
}

export interface ProcessorRule {
  readonly when_tag?: { readonly [key: string]: string }
  readonly action: string
  readonly text?: string
  readonly keys?: ReadonlyArray<string>
  readonly metadata?: Json
}

export interface Config {
  readonly env: { readonly [name: string]: string | null }
  readonly enable?: JsonObject
  readonly auto?: boolean
  readonly agent?: {
    readonly endpoints?: ReadonlyArray<string>
    readonly info_status?: number
    readonly client_drop_p0s?: boolean
    readonly span_meta_structs?: boolean
    readonly rates?: { readonly [service: string]: number }
    readonly evp_status?: number | ReadonlyArray<number>
  }
  readonly span_processor?: { readonly rules: ReadonlyArray<ProcessorRule> }
  readonly drop_apm_traces_filter?: boolean
  readonly summarise?: boolean
  readonly capture?: JsonObject
}

export interface RecordedRequest {
  readonly process: number
  readonly kind: string
  readonly method: string
  readonly path: string
  readonly headers: { readonly [name: string]: string }
  readonly body?: Json
  readonly answered?: number
  readonly wire?: JsonObject
  readonly note?: string
}

export interface ApiError {
  readonly process: number
  readonly at: string
  readonly type?: string
  readonly message: string | ReadonlyArray<string>
  readonly code?: string
}

export interface Expected {
  readonly modes: ReadonlyArray<string | null>
  readonly id_counts: { readonly spans: number; readonly traces: number; readonly llmobs_traces: number }
  readonly api_errors?: ReadonlyArray<ApiError>
  readonly logs?: ReadonlyArray<{ readonly process: number; readonly level: string; readonly message: string }>
  readonly headers?: { readonly [label: string]: { readonly [name: string]: string } }
  readonly exports?: { readonly [label: string]: Json }
  readonly default_intakes?: Json
  readonly requests: ReadonlyArray<RecordedRequest>
}

export interface Scenario {
  readonly name: string
  readonly family: string
  readonly pins: string
  readonly sdk: string
  readonly config: Config
  readonly program: { readonly processes: ReadonlyArray<Process> }
  readonly expected: Expected
}

const keys = (words: string): ReadonlySet<string> => new Set(words.split(" "))

const scenarioKeys = keys("name family pins sdk config program expected")
const configKeys = keys("env enable auto agent span_processor drop_apm_traces_filter summarise capture")
const enableKeys = keys("ml_app agent_service env service sample_rate agentless_enabled api_key site")
const agentKeys = keys("endpoints info_status client_drop_p0s span_meta_structs rates evp_status")
const captureKeys = keys("apm_agentless_to_sink")
const ruleKeys = keys("when_tag action text keys metadata")
const actions = keys(
  "drop raise return_text set_input_content set_output_content clear_input clear_output set_metadata delete_metadata"
)
const processKeys = keys("env incoming incoming_from incoming_drop incoming_via steps")
const kinds = keys("llm agent workflow task tool embedding retrieval experiment")
const expectedKeys = keys("modes id_counts api_errors logs headers exports default_intakes requests")
const requestKeys = keys("process kind method path headers body answered wire note")
const requestKinds = keys("llmobs evaluations traces agentless_traces other")
const annotationKeys = keys(
  "input_data output_data metadata metrics tags cost_tags tool_definitions prompt agent _linked_spans"
)
const bodyKeys =
  "baggage set_tags sampling annotations experiment_extra export inject children inject_after_children " +
  "error mark_error annotations_after_finish export_after_finish catch_error"

const stepKeys: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  [
    "span",
    keys(
      "op sdk kind name session_id ml_app agent_service model_name model_provider version experiment_id run_id " +
        "run_iteration dataset_name dataset_id project_name project_id experiment_name service resource " + bodyKeys
    )
  ],
  ["decorated", keys("op kind function params args kwargs returns yields style options " + bodyKeys)],
  ["annotation_context", keys("op tags prompt name cost_tags agent children")],
  ["baggage", keys("op items children")],
  ["annotate", keys("op args")],
  ["export", keys("op label")],
  ["inject_active", keys("op label")],
  ["submit_evaluation", keys("op args at")],
  ["submit_feedback", keys("op args at")],
  ["async_tasks", keys("op branches")],
  ["thread_pool", keys("op branches")],
  ["flush", keys("op")],
  ["flush_apm", keys("op")],
  ["disable", keys("op")],
  ["set_tracer_enabled", keys("op value")],
  ["repeat", keys("op times children")]
])

const specials: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ["nan", keys("$special")],
  ["inf", keys("$special")],
  ["-inf", keys("$special")],
  ["int", keys("$special value")],
  ["float", keys("$special value")],
  ["bytes", keys("$special text")],
  ["set", keys("$special items")],
  ["tuple", keys("$special items")],
  ["int_keys", keys("$special entries")],
  ["circular", keys("$special")],
  ["nest", keys("$special depth")],
  ["repeat", keys("$special text times")],
  ["opaque", keys("$special")],
  ["hostile", keys("$special")]
])

/** The unknown parts of a file, as JSON paths, or a note that the file has another form. */
export const unknownParts = (scenario: Scenario): ReadonlyArray<string> => {
  try {
    return partsOf(scenario)
  } catch (error) {
    return [`$ (${error instanceof Error ? error.message : String(error)})`]
  }
}

const partsOf = (scenario: Scenario): ReadonlyArray<string> => {
  const found: Array<string> = []
  const only = (value: unknown, allowed: ReadonlySet<string>, path: string): void => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return void found.push(path)
    for (const key of Object.keys(value)) {
      if (!allowed.has(key)) found.push(`${path}.${key}`)
    }
  }
  const oneOf = (value: unknown, allowed: ReadonlySet<string>, path: string): void => {
    if (typeof value !== "string" || !allowed.has(value)) found.push(`${path}=${JSON.stringify(value)}`)
  }
  const values = (value: unknown, path: string): void => {
    if (typeof value !== "object" || value === null) return
    if (Array.isArray(value)) return value.forEach((item, i) => values(item, `${path}[${i}]`))
    for (const key of Object.keys(value)) {
      if (key === "$special") {
        const allowed = specials.get((value as JsonObject)["$special"] as string)
        if (allowed === undefined) found.push(`${path}.$special`)
        else only(value, allowed, path)
      } else if (key === "$export") only(value, keys("$export"), path)
      else if (key.startsWith("$")) found.push(`${path}.${key}`)
      else values((value as JsonObject)[key], `${path}.${key}`)
    }
  }
  const steps = (list: ReadonlyArray<Step>, path: string): void =>
    list.forEach((step, i) => {
      const at = `${path}[${i}]`
      const op = step.op ?? "span"
      const allowed = stepKeys.get(op)
      if (allowed === undefined) return void found.push(`${at}.op=${JSON.stringify(op)}`)
      only(step, allowed, at)
      if (op === "span" && step.sdk !== "tracer") oneOf(step.kind, kinds, `${at}.kind`)
      if (step.sdk !== undefined) oneOf(step.sdk, keys("llmobs tracer"), `${at}.sdk`)
      for (const name of ["annotations", "annotations_after_finish"] as const) {
        step[name]?.forEach((args, j) => only(args, annotationKeys, `${at}.${name}[${j}]`))
      }
      if (op === "annotate") only(step["args"], annotationKeys, `${at}.args`)
      if (step["error"] !== undefined) only(step["error"], keys("type message propagate"), `${at}.error`)
      if (step["sampling"] !== undefined) only(step["sampling"], keys("priority manual"), `${at}.sampling`)
      if (step["experiment_extra"] !== undefined) {
        only(step["experiment_extra"], keys("expected_output config"), `${at}.experiment_extra`)
      }
      const { branches, children, ...own } = step
      values(own, at)
      if (children !== undefined) steps(children, `${at}.children`)
      branches?.forEach((branch, j) => steps(branch, `${at}.branches[${j}]`))
    })

  only(scenario, scenarioKeys, "$")
  const { config, expected, program } = scenario
  only(config, configKeys, "$.config")
  if (config.enable !== undefined) only(config.enable, enableKeys, "$.config.enable")
  if (config.agent !== undefined) only(config.agent, agentKeys, "$.config.agent")
  if (config.capture !== undefined) only(config.capture, captureKeys, "$.config.capture")
  config.span_processor?.rules.forEach((rule, i) => {
    only(rule, ruleKeys, `$.config.span_processor.rules[${i}]`)
    oneOf(rule.action, actions, `$.config.span_processor.rules[${i}].action`)
  })
  program.processes.forEach((process, i) => {
    const at = `$.program.processes[${i}]`
    only(process, processKeys, at)
    if (process.incoming_via !== undefined) oneOf(process.incoming_via, keys("apm_extract"), `${at}.incoming_via`)
    steps(process.steps, `${at}.steps`)
  })
  only(expected, expectedKeys, "$.expected")
  expected.requests.forEach((request, i) => {
    only(request, requestKeys, `$.expected.requests[${i}]`)
    oneOf(request.kind, requestKinds, `$.expected.requests[${i}].kind`)
  })
  return found
}

/** Every step of a program in the order in which it runs, `repeat` unrolled once. */
export const allSteps = (scenario: Scenario): ReadonlyArray<Step> => {
  const out: Array<Step> = []
  const walk = (list: ReadonlyArray<Step>): void => {
    for (const step of list) {
      out.push(step)
      if (step.children !== undefined) walk(step.children)
      for (const branch of step.branches ?? []) walk(branch)
    }
  }
  for (const process of scenario.program.processes) walk(process.steps)
  return out
}
