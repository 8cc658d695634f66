/**
 * Resolved settings whose problems are logged, with the files that they name.
 */
import * as Effect from "effect/Effect"
import * as ProcessIdentity from "../adapters/node-process/ProcessIdentity.ts"
import * as SettingsFile from "../adapters/node-process/SettingsFile.ts"
import { defaults as agentDefaults } from "../domain/delivery/AgentUrl.ts"
import type { Checked } from "../domain/Problem.ts"
import * as Problems from "../domain/Problem.ts"
import * as SamplingRules from "../domain/sampling/SamplingRules.ts"
import type { Options } from "./Options.ts"
import type { Environment, Settings } from "./Settings.ts"
import * as SettingsModule from "./Settings.ts"

/** Resolves options and variables, and logs each problem. `onProblem` only receives those of spans and headers. */
export const make = (options: Options, env: Environment): Effect.Effect<Settings> =>
  Effect.suspend(() => {
    const { problems, value } = SettingsModule.resolve(options, env, {
      socketExists: ProcessIdentity.exists(agentDefaults.socketPath)
    })
    const spanSampling = spanRules(value)
    return Effect.as(
      Effect.forEach(
        [...problems, ...spanSampling.problems],
        (problem) => Effect.logWarning(`effect-llmobs: ${Problems.render(problem)}`),
        { discard: true }
      ),
      { ...value, spanSampling: spanSampling.value }
    )
  })

const fileVariable = "DD_SPAN_SAMPLING_RULES_FILE"

const spanRules = (settings: Settings): Checked<Settings["spanSampling"]> => {
  const path = settings.spanSamplingFile
  if (path === undefined) return Problems.ok(settings.spanSampling)
  if (settings.sources.spanSamplingRules !== undefined) {
    const message = `${fileVariable} is not read, because DD_SPAN_SAMPLING_RULES is set. Remove one of the two.`
    return { value: settings.spanSampling, problems: [Problems.make("invalid_setting", message)] }
  }
  const file = SettingsFile.read(path, SamplingRules.maxText)
  if ("text" in file) return SamplingRules.parseSpanRules(file.text, `The file of ${fileVariable}`)
  const message = `The file of ${fileVariable} ${file.reason}. No rule keeps single spans.`
  return { value: settings.spanSampling, problems: [Problems.make("invalid_setting", message)] }
}
