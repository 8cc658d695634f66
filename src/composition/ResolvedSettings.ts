/**
 * Settings, with what is wrong about them said in the log.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as ProcessIdentity from "../adapters/node-process/ProcessIdentity.ts"
import { defaults as agentDefaults } from "../domain/delivery/AgentUrl.ts"
import type { Options } from "./Options.ts"
import type { Settings, Variable } from "./Settings.ts"
import * as SettingsModule from "./Settings.ts"

/**
 * Resolves options and variables. A bad value is said and takes its default.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (options: Options, env: (name: Variable) => string | undefined): Effect.Effect<Settings> =>
  Effect.suspend(() => {
    const { problems, value } = SettingsModule.resolve(options, env, {
      socketExists: ProcessIdentity.exists(agentDefaults.socketPath)
    })
    const warnings = problems.map((problem) => Effect.logWarning(`effect-llmobs: ${problem.code}: ${problem.message}`))
    return Effect.as(Effect.all(warnings, { discard: true }), value)
  })
