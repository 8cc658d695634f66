/**
 * The port to routing: the Datadog account of the spans inside an effect.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Redacted from "effect/Redacted"

/**
 * An account. Omitted fields are the layer's.
 *
 * @category models
 * @since 0.1.0
 */
export interface Routing {
  readonly apiKey?: Redacted.Redacted | undefined
  /** The Datadog site, such as `datadoghq.eu`. */
  readonly site?: string | undefined
}

/**
 * The account set around an effect. `undefined` for the layer's own.
 *
 * @category references
 * @since 0.1.0
 */
export const CurrentRouting: Context.Reference<Routing | undefined> = Context.Reference<Routing | undefined>(
  "effect-llmobs/ports/CurrentRouting",
  { defaultValue: () => undefined }
)
