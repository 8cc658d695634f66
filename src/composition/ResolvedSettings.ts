/**
 * Resolved settings whose problems are logged.
 */
import * as Effect from "effect/Effect"
import * as ProcessIdentity from "../adapters/node-process/ProcessIdentity.ts"
import { defaults as agentDefaults } from "../domain/delivery/AgentUrl.ts"
import * as Problems from "../domain/Problem.ts"
import type { Options } from "./Options.ts"
import type { Environment, Settings } from "./Settings.ts"
import * as SettingsModule from "./Settings.ts"

/** Resolves options and variables, and logs each problem. `onProblem` only receives those of spans and headers. */
export const make = (options: Options, env: Environment): Effect.Effect<Settings> =>
  Effect.suspend(() => {
    const { problems, value } = SettingsModule.resolve(options, env, {
      socketExists: ProcessIdentity.exists(agentDefaults.socketPath)
    })
    return Effect.as(
      Effect.forEach(problems, (problem) => Effect.logWarning(`effect-llmobs: ${Problems.render(problem)}`), {
        discard: true
      }),
      value
    )
  })
