/**
 * Reads the options of a span. A program without types can pass any value, and reading one can throw.
 */
import * as Problem from "../../domain/Problem.ts"
import * as ExperimentBaggage from "../../domain/propagation/ExperimentBaggage.ts"
import * as Setting from "../../domain/settings/Setting.ts"
import type { Parsed } from "../../domain/span/Annotation.ts"
import type { ExperimentScope } from "../../domain/span/SpanContext.ts"
import type { ExperimentInput, SpanEnd, SpanOptions } from "../../ports/Recorder.ts"

/** Receives the problems of a value. */
export type Report = (problems: ReadonlyArray<Problem.Problem>, span?: string) => void

/** The value of one option. `undefined` if it cannot be read. */
export const read = <A, K extends keyof A & string>(
  options: A | undefined,
  key: K,
  report: Report,
  span?: string
): A[K] | undefined => {
  if (typeof options !== "object" || options === null) return undefined
  try {
    return options[key]
  } catch {
    report([Problem.make("unreadable_value", `\`${key}\` could not be read. Give plain values.`, key)], span)
    return undefined
  }
}

/** The text of one option. `undefined` if it is no text. */
const text = <A, K extends keyof A & string>(
  options: A | undefined,
  key: K,
  report: Report,
  span?: string
): string | undefined => {
  return textOf(read(options, key, report, span), key, report, span)
}

const textOf = (value: unknown, key: string, report: Report, span: string | undefined): string | undefined => {
  if (typeof value === "string") return value
  if (value !== undefined && value !== null) {
    report([Problem.make("invalid_option", `\`${key}\` must be text, but is ${Setting.typeOf(value)}.`, key)], span)
  }
  return undefined
}

/** Sets the model of a span if an annotation names one. */
export const writeModel = (
  span: { modelName: string | undefined; modelProvider: string | undefined },
  { model, provider }: Pick<Parsed, "model" | "provider">,
  report: Report,
  name?: string
): void => {
  span.modelName = textOf(model, "model", report, name) ?? span.modelName
  span.modelProvider = textOf(provider, "provider", report, name) ?? span.modelProvider
}

/** The function that makes the output of a span from the result of its effect, if the options have one. */
export const output = (options: SpanOptions | undefined): ((value: never) => unknown) | undefined => {
  try {
    const value = options?.output
    return typeof value === "function" ? value as (value: never) => unknown : undefined
  } catch {
    return undefined
  }
}

/** Reports nothing, for options that are read again and reported when the span starts. */
export const ignore: Report = () => {}

/** The end of a span as a user describes it. Unreadable parts are left out. */
export const end = (given: SpanEnd | undefined): SpanEnd => ({
  at: read(given, "at", ignore),
  error: read(given, "error", ignore),
  exit: read(given, "exit", ignore),
  interrupted: read(given, "interrupted", ignore),
  unfinished: read(given, "unfinished", ignore)
})

/** The application and the experiment that a span belongs to. */
export interface Belonging {
  readonly mlApp: string | undefined
  readonly agentService: string | undefined
  readonly experiment: ExperimentScope | undefined
}

/** Reads the application and the experiment that the options name. */
export const belonging = (options: SpanOptions | undefined, report: Report, span?: string): Belonging =>
  namesNone(options) ? none : {
    mlApp: text(options, "mlApp", report, span),
    agentService: text(options, "agentService", report, span),
    experiment: experiment(options, report, span)
  }

const none: Belonging = { mlApp: undefined, agentService: undefined, experiment: undefined }

// Most spans belong where their parent does. Fields read by their own names cost a tenth of computed ones.
const namesNone = (options: SpanOptions | undefined): boolean => {
  try {
    return options === undefined ||
      (options.mlApp === undefined && options.agentService === undefined && options.experiment === undefined)
  } catch {
    return false
  }
}

/** The experiment that a span runs. The same table as for baggage gives its tags. */
const experiment = (
  options: SpanOptions | undefined,
  report: Report,
  span?: string
): ExperimentScope | undefined => {
  const input = read(options, "experiment", report, span)
  if (input === undefined || input === null) return undefined
  const baggage = new Map<string, string>()
  for (const [name, key] of experimentKeys) {
    const value: unknown = read(input, name, report, span)
    if (typeof value === "string" || typeof value === "number") baggage.set(`_ml_obs.experiment_${key}`, String(value))
  }
  return ExperimentBaggage.read(baggage)
}

const experimentKeys: ReadonlyArray<readonly [keyof ExperimentInput, string]> = [
  ["id", "id"],
  ["runId", "run_id"],
  ["runIteration", "run_iteration"],
  ["datasetName", "dataset_name"],
  ["datasetId", "dataset_id"],
  ["projectId", "project_id"],
  ["projectName", "project_name"],
  ["name", "name"]
]
