/**
 * Reads the options of a span: those of a program without types can be anything, and reading one can throw.
 *
 * @since 0.2.0
 */
import * as Problem from "../../domain/Problem.ts"
import * as ExperimentBaggage from "../../domain/propagation/ExperimentBaggage.ts"
import type { AnnotationInput } from "../../domain/span/Annotation.ts"
import type { ExperimentScope } from "../../domain/span/SpanContext.ts"
import type { ExperimentInput, SpanEnd, SpanOptions } from "../../ports/Recorder.ts"

/**
 * Takes what was wrong.
 *
 * @category models
 * @since 0.2.0
 */
export type Report = (problems: ReadonlyArray<Problem.Problem>) => void

/**
 * The value of one option; `undefined` when it cannot be read.
 *
 * @category accessors
 * @since 0.2.0
 */
export const read = <A, K extends keyof A & string>(
  options: A | undefined,
  key: K,
  report: Report
): A[K] | undefined => {
  if (typeof options !== "object" || options === null) return undefined
  try {
    return options[key]
  } catch {
    report([Problem.make("unreadable_value", `\`${key}\` could not be read. Give plain values.`, key)])
    return undefined
  }
}

/**
 * The text of one option; `undefined` when it is no text.
 *
 * @category accessors
 * @since 0.2.0
 */
export const text = <A, K extends keyof A & string>(
  options: A | undefined,
  key: K,
  report: Report
): string | undefined => {
  const value: unknown = read(options, key, report)
  if (typeof value === "string") return value
  if (value !== undefined && value !== null) {
    report([Problem.make("invalid_option", `\`${key}\` must be text.`, key)])
  }
  return undefined
}

/**
 * Writes the model into a span where the input names one.
 *
 * @category combinators
 * @since 0.2.0
 */
export const writeModel = (
  span: { modelName: string | undefined; modelProvider: string | undefined },
  input: AnnotationInput | undefined,
  report: Report
): void => {
  span.modelName = text(input, "model", report) ?? span.modelName
  span.modelProvider = text(input, "provider", report) ?? span.modelProvider
}

/**
 * The function that makes the output of a span from the result of its effect, if the options have one.
 *
 * @category accessors
 * @since 0.2.0
 */
export const output = (options: SpanOptions | undefined): ((value: never) => unknown) | undefined => {
  const value = read(options, "output", ignore)
  return typeof value === "function" ? value as (value: never) => unknown : undefined
}

/**
 * Reports nothing: for what is read once more when the span starts, and reported then.
 *
 * @category constants
 * @since 0.2.0
 */
export const ignore: Report = () => {}

/**
 * How a span ends, as a user says it. What cannot be read is left out.
 *
 * @category constructors
 * @since 0.2.0
 */
export const end = (given: SpanEnd | undefined): SpanEnd => ({
  at: read(given, "at", ignore),
  error: read(given, "error", ignore),
  exit: read(given, "exit", ignore),
  interrupted: read(given, "interrupted", ignore),
  unfinished: read(given, "unfinished", ignore)
})

/**
 * The experiment that a span runs. Its tags are those that baggage brings to other services, by the same table.
 *
 * @category accessors
 * @since 0.2.0
 */
export const experiment = (options: SpanOptions | undefined, report: Report): ExperimentScope | undefined => {
  const input = read(options, "experiment", report)
  if (input === undefined || input === null) return undefined
  const baggage = new Map<string, string>()
  for (const [name, key] of experimentKeys) {
    const value: unknown = read(input, name, report)
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
