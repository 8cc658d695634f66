/**
 * Settings whose problems are in the log.
 */
import * as Effect from "effect/Effect"
import * as ProcessIdentity from "../adapters/node-process/ProcessIdentity.ts"
import { defaults as agentDefaults } from "../domain/delivery/AgentUrl.ts"
import type { Problem } from "../domain/Problem.ts"
import * as Problems from "../domain/Problem.ts"
import * as Promised from "../domain/Promised.ts"
import type { Options } from "./Options.ts"
import type { Environment, Settings } from "./Settings.ts"
import * as SettingsModule from "./Settings.ts"

/** Resolves options and variables. Each problem is logged, and given to `onProblem`. */
export const make = (options: Options, env: Environment): Effect.Effect<Settings> =>
  Effect.suspend(() => {
    const { problems, value } = SettingsModule.resolve(options, env, {
      socketExists: ProcessIdentity.exists(agentDefaults.socketPath)
    })
    for (const problem of problems) tell(value.onProblem, problem)
    return Effect.as(
      Effect.forEach(problems, (problem) => Effect.logWarning(`effect-llmobs: ${Problems.render(problem)}`), {
        discard: true
      }),
      value
    )
  })

const tell = (onProblem: Settings["onProblem"], problem: Problem): void => {
  try {
    // A rejection would end the process.
    Promised.take(onProblem?.(problem))
  } catch {
    // The function is the user's; the log has the problem all the same.
  }
}
