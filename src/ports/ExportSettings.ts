/**
 * The settings that the decisions about an event's form depend on.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type { ExportMode } from "../domain/delivery/ExportMode.ts"
import * as Truncation from "../domain/event/Truncation.ts"

/**
 * How events leave, and how large one may be. `apiVersion` is what `DD_TRACE_API_VERSION` asks for, `maxEventBytes` the
 * limit of one rendered event in bytes.
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
 * The settings of the region; without a layer those of a process beside an Agent.
 *
 * @category references
 * @since 0.1.0
 */
export const ExportSettings: Context.Reference<ExportSettingsService> = Context.Reference<ExportSettingsService>(
  "effect-llmobs/ports/ExportSettings",
  { defaultValue: () => ({ mode: "apm-agent", apiVersion: undefined, maxEventBytes: Truncation.defaultLimit }) }
)
