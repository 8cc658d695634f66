/**
 * The rates that the Agent requests: the `rate_by_service` of its answer to a trace payload.
 *
 * @since 0.1.0
 */
import type { Checked } from "../Problem.ts"
import * as Problem from "../Problem.ts"

/**
 * Rates from 0 to 1 by the Agent's own key, `service:S,env:E`. The key `service:,env:` is the rate of every other service.
 *
 * @category models
 * @since 0.1.0
 */
export type AgentRates = ReadonlyMap<string, number>

/**
 * The rates before the Agent has answered.
 *
 * @category constants
 * @since 0.1.0
 */
export const empty: AgentRates = new Map()

/**
 * The most rates that are read from one answer.
 *
 * @category constants
 * @since 0.1.0
 */
export const maxRates = 10_000

const defaultKey = "service:,env:"

/**
 * Reads the JSON body of an answer. `undefined` if it holds no rates, which means that they did not change.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse = (body: unknown): Checked<AgentRates | undefined> => {
  const found = typeof body === "object" && body !== null && Object.hasOwn(body, "rate_by_service")
    ? (body as { readonly rate_by_service: unknown }).rate_by_service
    : undefined
  if (found === undefined || found === null) return Problem.ok(undefined)
  if (typeof found !== "object" || Array.isArray(found)) return { value: undefined, problems: [bad] }
  const rates = new Map<string, number>()
  let left = false
  for (const [key, rate] of Object.entries(found)) {
    if (typeof rate === "number" && rate >= 0 && rate <= 1 && rates.size < maxRates) rates.set(key, rate)
    else left = true
  }
  return { value: rates, problems: left ? [bad] : Problem.none }
}

const bad = Problem.make("unreadable_value", "The Agent answered sampling rates that cannot be read. They are ignored.")

/**
 * The Agent's rate for a service, or `undefined` when it names neither this service nor a rate for all.
 *
 * @category combinators
 * @since 0.1.0
 */
export const rateOf = (self: AgentRates, service: string, env: string): number | undefined =>
  self.size === 0 ? undefined : self.get(`service:${service},env:${env}`) ?? self.get(defaultKey)
