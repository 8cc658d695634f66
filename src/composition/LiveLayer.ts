/**
 * The layer for options alone, from which the other layers are made.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as LayerServices from "./LayerServices.ts"
import * as Live from "./Live.ts"
import type { Options } from "./Options.ts"
import * as ResolvedSettings from "./ResolvedSettings.ts"
import type { Environment } from "./Settings.ts"
import * as Settings from "./Settings.ts"

/** The layer for options, and for variables of any origin. By default no variable is read. */
export const make = (
  options: Options,
  env: Environment = Settings.noVariables
): Layer.Layer<never> =>
  Layer.effectContext(Effect.flatMap(
    ResolvedSettings.make(options, env),
    (settings) => settings.enabled ? Live.make(settings) : Effect.succeed(LayerServices.switchedOff)
  ))
