/**
 * The application that a span belongs to (`ml_app`, `agent_service`).
 *
 * @since 0.1.0
 */

/**
 * The origin of the name, from the strongest to the weakest.
 *
 * - `explicit`: an option of the span
 * - `parent`: the parent span in this process
 * - `propagated`: an upstream service
 * - `configured`: the layer or `DD_LLMOBS_ML_APP`
 * - `service`: the service name
 * - `default`: no source gave a name
 *
 * @category models
 * @since 0.1.0
 */
export type Source = "explicit" | "parent" | "propagated" | "configured" | "service" | "default"

/**
 * The name of the application and its origin.
 *
 * @category models
 * @since 0.1.0
 */
export interface MlApp {
  readonly value: string
  readonly source: Source
}

/**
 * The name of an application if no source gives one.
 *
 * @category constants
 * @since 0.1.0
 */
export const unnamed = "unnamed-ml-app"

/**
 * The candidates. An empty text counts as absent.
 *
 * @category models
 * @since 0.1.0
 */
export interface Candidates {
  readonly agentService?: string | undefined
  readonly mlApp?: string | undefined
  readonly parent?: MlApp | undefined
  readonly propagated?: string | undefined
  readonly configured?: string | undefined
  readonly service?: string | undefined
}

/**
 * The name as a child sees it, unless it has one of its own.
 *
 * @category combinators
 * @since 0.2.0
 */
export const inherit = (self: MlApp): MlApp => self.source === "parent" ? self : { value: self.value, source: "parent" }

/**
 * Picks the strongest candidate.
 *
 * **Details**
 *
 * A name from an upstream service counts with or without a parent span from there, as in Datadog's SDKs.
 *
 * @category combinators
 * @since 0.1.0
 */
export const resolve = (c: Candidates): MlApp => {
  if (isNamed(c.agentService)) return { value: c.agentService, source: "explicit" }
  if (isNamed(c.mlApp)) return { value: c.mlApp, source: "explicit" }
  if (c.parent !== undefined) return inherit(c.parent)
  if (isNamed(c.propagated)) return { value: c.propagated, source: "propagated" }
  if (isNamed(c.configured)) return { value: c.configured, source: "configured" }
  if (isNamed(c.service)) return { value: c.service, source: "service" }
  return { value: unnamed, source: "default" }
}

// A program without types can pass anything.
const isNamed = (text: unknown): text is string => typeof text === "string" && text !== ""
