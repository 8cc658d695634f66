/**
 * The line that a layer logs when it starts: what it records, where that goes, and whether it outlives the process.
 *
 * @since 0.2.0
 */

/**
 * The way of events as it is known when the layer starts.
 *
 * - `Agent`: an Agent answered
 * - `Searching`: none has answered yet, and `reason` says how
 * - `Direct`: to the intake of a site, or of another origin, without an Agent; `ready` says whether a key and a site are known
 * - `Queue`: to a queue of relays
 * - `Otlp`: to an endpoint of OTLP
 * - `Plugged`: to the writers of the program
 *
 * @category models
 * @since 0.2.0
 */
export type Route =
  | { readonly _tag: "Agent"; readonly agent: string; readonly version: string | undefined }
  | { readonly _tag: "Searching"; readonly agent: string; readonly reason: string }
  | { readonly _tag: "Direct"; readonly intake: string; readonly ready: boolean }
  | { readonly _tag: "Queue" }
  | { readonly _tag: "Otlp"; readonly endpoint: string }
  | { readonly _tag: "Plugged" }

/**
 * The line. `subject` is what the layer records, such as `app shop, service shop-api`.
 *
 * @category combinators
 * @since 0.2.0
 */
export const render = (
  subject: string,
  route: Route,
  durable: { readonly durability?: string | undefined } | undefined
): string => {
  const held = durable === undefined
    ? "Events are held in memory, not durable."
    : `Events are durable (${durable.durability ?? "process"}).`
  return `Started: ${shown(subject)}, ${way(route)}. ${held}`
}

const way = (route: Route): string => {
  switch (route._tag) {
    case "Agent":
      return `to the Datadog Agent${route.version === undefined ? "" : ` ${shown(route.version)}`} at ${route.agent}`
    case "Searching":
      return `looking for a Datadog Agent at ${route.agent} (${route.reason})`
    case "Direct":
      return route.ready ? `to ${route.intake}, without an Agent` : "without an Agent; a key or a site is missing"
    case "Queue":
      return "to the queue of relays in Redis"
    case "Otlp":
      return `as spans to the OTLP endpoint ${shown(route.endpoint)}`
    case "Plugged":
      return "to the writers that the program provides"
  }
}

// A name or a version can hold anything, and must not make a second line.
// eslint-disable-next-line no-control-regex
const shown = (text: string): string => text.slice(0, 200).replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, "?")
