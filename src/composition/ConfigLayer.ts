/**
 * The layer that reads its variables through `ConfigProvider`, which is loaded for it alone.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as LiveLayer from "./LiveLayer.ts"
import type { Options } from "./Options.ts"
import * as Variables from "./Variables.ts"

/** The layer for options and the `DD_*` variables of the current `ConfigProvider`. */
export const make = (options: Options): Layer.Layer<never> =>
  Layer.unwrap(Effect.map(Variables.read, (env) => LiveLayer.make(options, env)))
