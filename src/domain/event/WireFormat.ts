/**
 * The form of an event on each road.
 *
 * @since 0.1.0
 */
import type { ExportMode } from "../delivery/ExportMode.ts"
import * as Problem from "../Problem.ts"

/**
 * The roads an event can take.
 *
 * - `trace-agent`: inside an APM span, in a v0.4 payload to the Agent
 * - `trace-intake`: inside an APM span, in a JSON payload to the agentless trace intake
 * - `evp-proxy`: to the LLM intake, through the Agent's EVP proxy
 * - `llmobs-intake`: to the LLM intake, directly
 *
 * @category models
 * @since 0.1.0
 */
export type Road = "trace-agent" | "trace-intake" | "evp-proxy" | "llmobs-intake"

/**
 * The form of an event on a road.
 *
 * @category models
 * @since 0.1.0
 */
export interface WireFormat {
  readonly road: Road
  /** A struct inside an APM span, or an event in an envelope of its own. */
  readonly form: "meta_struct" | "event"
  /** Whether dots in tag keys stay, or become `_`. */
  readonly tagKeys: "dotted" | "underscored"
  /** Whether the tags `error` and `error_type` are written. */
  readonly errorTags: boolean
  /** Whether `meta.error` is written. Otherwise the intake takes the error from the APM span. */
  readonly metaError: boolean
}

/**
 * The table of forms. An event that leaves through an intake always has its dotted keys, its error tags and its
 * `meta.error`, even if another mode was planned for it.
 *
 * @category constants
 * @since 0.1.0
 */
export const table: { readonly [R in Road]: WireFormat } = {
  "trace-agent": { road: "trace-agent", form: "meta_struct", tagKeys: "dotted", errorTags: false, metaError: true },
  "trace-intake": {
    road: "trace-intake",
    form: "meta_struct",
    tagKeys: "underscored",
    errorTags: false,
    metaError: false
  },
  "evp-proxy": { road: "evp-proxy", form: "event", tagKeys: "dotted", errorTags: true, metaError: true },
  "llmobs-intake": { road: "llmobs-intake", form: "event", tagKeys: "dotted", errorTags: true, metaError: true }
}

const roads: { readonly [M in ExportMode]: { readonly ride: Road | undefined; readonly offer: Road } } = {
  "apm-agent": { ride: "trace-agent", offer: "evp-proxy" },
  "apm-agentless": { ride: "trace-intake", offer: "llmobs-intake" },
  "llmobs-agent-proxy": { ride: undefined, offer: "evp-proxy" },
  "llmobs-agentless": { ride: undefined, offer: "llmobs-intake" }
}

/**
 * The form for a mode and a route. In a direct mode nothing rides, so a ride gets the form of an offer.
 *
 * @category combinators
 * @since 0.1.0
 */
export const select = (mode: ExportMode, route: "ride" | "offer"): WireFormat =>
  table[route === "ride" ? roads[mode].ride ?? roads[mode].offer : roads[mode].offer]

/**
 * The trace payload version: always v0.4, because only v0.4 has a place for `meta_struct`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const apiVersion = (requested: string | undefined): Problem.Checked<"v0.4"> => ({
  value: "v0.4",
  problems: requested === undefined || requested === "" || requested === "v0.4" || requested === "0.4"
    ? Problem.none
    : [
      Problem.make(
        "invalid_setting",
        "DD_TRACE_API_VERSION asks for a trace payload that cannot carry LLM Observability events. " +
          "v0.4 is used; remove the setting or set it to v0.4."
      )
    ]
})

/**
 * {@link select} as a checked value, with a problem if traces would carry the event and another version of their
 * payload was requested.
 *
 * @category combinators
 * @since 0.1.0
 */
export const checked = (input: {
  readonly mode: ExportMode
  readonly route: "ride" | "offer"
  readonly apiVersion?: string | undefined
}): Problem.Checked<WireFormat> => {
  const value = select(input.mode, input.route)
  return { value, problems: value.road === "trace-agent" ? apiVersion(input.apiVersion).problems : Problem.none }
}
