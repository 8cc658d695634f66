/**
 * The experiment that a request belongs to, in baggage.
 *
 * **Details**
 *
 * It is the one piece of baggage that decides more than a label: spans of an experiment are stored in a scope of their
 * own. A browser must not be able to hide production traces there, so its word does not count.
 *
 * @since 0.1.0
 */
import type { ExperimentScope } from "../span/SpanContext.ts"
import type { HeaderLookup } from "./HeaderLookup.ts"
import * as Headers from "./HeaderLookup.ts"
import * as TraceContext from "./TraceContext.ts"

/**
 * The table: baggage key and tag.
 *
 * @category constants
 * @since 0.1.0
 */
export const table: ReadonlyArray<readonly [key: string, tag: string]> = [
  ["_ml_obs.experiment_id", "experiment_id"],
  ["_ml_obs.experiment_run_id", "run_id"],
  ["_ml_obs.experiment_run_iteration", "run_iteration"],
  ["_ml_obs.experiment_dataset_name", "dataset_name"],
  ["_ml_obs.experiment_dataset_id", "dataset_id"],
  ["_ml_obs.experiment_project_id", "project_id"],
  ["_ml_obs.experiment_project_name", "project_name"],
  ["_ml_obs.experiment_name", "experiment_name"]
]

/**
 * Whether a baggage key is reserved for experiments.
 *
 * @category guards
 * @since 0.1.0
 */
export const isKey = (key: string): boolean => key.startsWith("_ml_obs.")

/**
 * Reads the experiment out of the members that `Baggage.parseLenient` kept; `undefined` when there is none of its keys.
 * Without an experiment id the other keys become their tags, and the spans stay out of the experiments scope.
 *
 * @category constructors
 * @since 0.1.0
 */
export const read = (baggage: ReadonlyMap<string, string>): ExperimentScope | undefined => {
  const tags: Record<string, string> = {}
  for (const [key, tag] of table) {
    const value = baggage.get(key)
    if (value !== undefined && value !== "") tags[tag] = value
  }
  const experimentId = tags["experiment_id"]
  if (experimentId !== undefined) return { experimentId, tags }
  return Object.keys(tags).length === 0 ? undefined : { tags }
}

/**
 * The baggage members of an experiment.
 *
 * @category combinators
 * @since 0.1.0
 */
export const write = (experiment: ExperimentScope): ReadonlyMap<string, string> => {
  const baggage = new Map<string, string>()
  for (const [key, tag] of table) {
    const value = tag === "experiment_id" ? experiment.experimentId : experiment.tags[tag]
    if (typeof value === "string" && value !== "") baggage.set(key, value)
  }
  return baggage
}

/**
 * What to do with the experiment that a request brings: take it, leave it, or judge by the request. The LLM trace that it
 * brings is taken with `accept` and judged by the request otherwise.
 *
 * @category models
 * @since 0.1.0
 */
export type Mode = "accept" | "ignore" | "auto"

const fetchMetadata = ["sec-fetch-site", "sec-fetch-dest", "sec-fetch-user"]
// These runtimes send `Sec-Fetch-Mode`, and only that one, with each `fetch`.
// Every browser begins its own with one of these; a page without TLS sends no fetch metadata, but its origin.
const browserAgent = /^(?:mozilla|opera)\//i
const serverAgent = /^(?:node|undici|bun|deno)(?:$|[/ ])/i

/**
 * Whether a request was made by a browser: it carries fetch metadata, which no script in a page can remove, or an origin
 * together with a browser's user agent, or says that it comes from RUM.
 *
 * **Details**
 *
 * The origin `rum` stays with a trace through every service. When `tracestate` names a last Datadog span (`p`), which
 * RUM never writes, the request comes from such a service and not from the browser.
 *
 * @category guards
 * @since 0.1.0
 */
export const isBrowserRequest = (headers: HeaderLookup): boolean => {
  if (fetchMetadata.some((name) => Headers.text(headers, name) !== undefined)) return true
  if (
    Headers.text(headers, "sec-fetch-mode") !== undefined &&
    !serverAgent.test(Headers.text(headers, "user-agent") ?? "")
  ) {
    return true
  }
  if (
    Headers.text(headers, "origin") !== undefined && browserAgent.test(Headers.text(headers, "user-agent") ?? "")
  ) {
    return true
  }
  const dd = TraceContext.parseTracestate(Headers.text(headers, "tracestate") ?? "").value.dd
  return (Headers.text(headers, "x-datadog-origin") === "rum" || dd?.origin === "rum") && dd?.lastParentId === undefined
}

/**
 * Whether the experiment in the request's baggage counts.
 *
 * @category guards
 * @since 0.1.0
 */
export const accepts = (headers: HeaderLookup, mode: Mode): boolean =>
  mode === "accept" || (mode === "auto" && !isBrowserRequest(headers))
