/**
 * The settings on which the form of an event depends.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type { ExportMode } from "../domain/delivery/ExportMode.ts"
import * as Truncation from "../domain/event/Truncation.ts"

/**
 * The mode of export and the limit of an event. `apiVersion` is the value of `DD_TRACE_API_VERSION`, `maxEventBytes`
 * the limit of one rendered event in bytes.
 *
 * @category models
 * @since 0.1.0
 */
export interface ExportSettingsService {
  readonly mode: ExportMode
  readonly apiVersion: string | undefined
  readonly maxEventBytes: number
}

/**
 * The settings of the current layer. Without a layer they are those of a process beside an Agent.
 *
 * @category references
 * @since 0.1.0
 */
export const ExportSettings: Context.Reference<ExportSettingsService> = Context.Reference<ExportSettingsService>(
  "effect-llmobs/ports/ExportSettings",
  { defaultValue: () => ({ mode: "apm-agent", apiVersion: undefined, maxEventBytes: Truncation.defaultLimit }) }
)
