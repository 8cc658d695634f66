/** The fate of a payload, as far as it is known after the send. */
import type { EventPayload, Outcome } from "./DeliveryState.ts"

/**
 * The verdict of an answer. A payload that did not arrive and may be sent again by this route is `held`; `rediscover` is
 * the same from an Agent that does not have the route now.
 */
export const verdict = (to: "traces" | EventPayload["to"], outcome: Outcome) => {
  if (outcome === "no connection") return "held"
  if (outcome === "reset after bytes" || outcome === 502 || outcome === 504) return "open"
  if (outcome >= 200 && outcome <= 299) return "delivered"
  if (outcome >= 500 || [408, 425, 429].includes(outcome)) return "held"
  if (outcome < 400 || [401, 403, 407].includes(outcome)) return to === "traces" ? "refused" : "held"
  if (outcome !== 404 && outcome !== 405) return "split"
  return to === "traces" ? "refused" : to === "evp" ? "rediscover" : "split"
}

export const startsWith = <A>(all: ReadonlyArray<A>, start: ReadonlyArray<A>) =>
  start.every((each, i) => all[i] === each)

export const isSame = <A>(a: ReadonlyArray<A>, b: ReadonlyArray<A>) => a.length === b.length && startsWith(a, b)
