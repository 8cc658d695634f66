/**
 * The port to the switches that work while the program runs.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"

/**
 * Switches for a running layer.
 *
 * @category services
 * @since 0.1.0
 */
export interface ControlService {
  /** Whether spans that start from now on are recorded. Running spans are recorded to their end. */
  readonly setRecording: (on: boolean) => void
  /** Whether APM traces are written from now on. Without them every event goes to the intake. */
  readonly setTracing: (on: boolean) => void
}

/**
 * The switches of the current layer. Without a layer they have no effect.
 *
 * @category references
 * @since 0.1.0
 */
export const Control: Context.Reference<ControlService> = Context.Reference<ControlService>(
  "effect-llmobs/ports/Control",
  { defaultValue: () => ({ setRecording: () => {}, setTracing: () => {} }) }
)
