/**
 * The experiment that a request belongs to, in baggage.
 *
 * **Details**
 *
 * This baggage decides more than a label, because the spans of an experiment are stored in a scope of their own. A
 * browser must not be able to hide production traces there, so it is ignored if a browser sent it.
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
 * Reads the experiment from the members that `Baggage.parseLenient` kept. `undefined` if there is none of its keys.
 * Without an experiment id the other keys become tags, and the spans stay out of the experiments scope.
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
 * The treatment of an experiment in a request: `accept` takes it, `ignore` does not, `auto` takes it unless a browser
 * made the request. The LLM trace of the request is taken with `accept`, and otherwise unless a browser made the
 * request.
 *
 * @category models
 * @since 0.1.0
 */
export type Mode = "accept" | "ignore" | "auto"

const fetchMetadata = ["sec-fetch-site", "sec-fetch-dest", "sec-fetch-user"]
// Every browser's user agent begins with one of these. A page without TLS sends its origin, but no fetch metadata.
const browserAgent = /^(?:mozilla|opera)\//i
// These runtimes send `Sec-Fetch-Mode`, and no other fetch metadata, with each `fetch`.
const serverAgent = /^(?:node|undici|bun|deno)(?:$|[/ ])/i

/**
 * Whether a browser made the request: it carries fetch metadata, which no script in a page can remove, or an origin
 * together with a browser's user agent, or the origin of RUM.
 *
 * **Details**
 *
 * The origin `rum` stays with a trace through every service. If `tracestate` names a last Datadog span (`p`), which RUM
 * never writes, a later service made the request and not the browser.
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
 * Whether the experiment in the request's baggage is taken.
 *
 * @category guards
 * @since 0.1.0
 */
export const accepts = (headers: HeaderLookup, mode: Mode): boolean =>
  mode === "accept" || (mode === "auto" && !isBrowserRequest(headers))

/**
 * The members of baggage whose experiment counts.
 *
 * **Details**
 *
 * `brought` are the headers of the request itself, where another tracer took its baggage over and the program may have
 * added to it. In a browser's request those members count that the request's own header does not have with the same
 * value: the program put them there.
 *
 * @category combinators
 * @since 0.2.0
 */
export const accepted = (
  baggage: ReadonlyMap<string, string>,
  headers: HeaderLookup,
  mode: Mode,
  brought?: HeaderLookup
): ReadonlyMap<string, string> => {
  if (accepts(headers, mode)) return baggage
  if (mode === "ignore" || brought === undefined) return none
  const header = Headers.lines(brought, "baggage")
  return new Map(table.flatMap(([key]) => {
    const value = baggage.get(key)
    return value === undefined || isBrought(header, key, value) ? [] : [[key, value] as const]
  }))
}

const none: ReadonlyMap<string, string> = new Map()

// Another tracer may take more members than we do, and decode their names: here every member counts, in either form.
const isBrought = (lines: ReadonlyArray<string>, key: string, value: string): boolean =>
  lines.reduce((sum, line) => sum + line.length, 0) > mostLooked ||
  lines.some((line) =>
    line.split(",").some((member) => {
      const equals = member.indexOf("=")
      const semicolon = member.indexOf(";", equals)
      return equals > 0 && isText(member.slice(0, equals), key) &&
        isText(member.slice(equals + 1, semicolon === -1 ? member.length : semicolon), value)
    })
  )

// More than servers let through. A header above that is taken for the source of everything.
const mostLooked = 65_536

const isText = (written: string, text: string): boolean => {
  const trimmed = written.trim()
  if (trimmed === text) return true
  try {
    return decodeURIComponent(trimmed).trim() === text.trim()
  } catch {
    return false
  }
}
