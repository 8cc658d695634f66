/**
 * The meaning of an answer, or of a failure to get one, for the events that were sent.
 *
 * **Details**
 *
 * An event may take a second route only if the first one definitely did not take it, so each outcome says whether that
 * is certain. Redirects are not followed, because a body with prompts may go only to the configured address.
 *
 * @since 0.1.0
 */

/**
 * - `agent-traces`: the Agent's trace endpoint
 * - `agent-evp`: the intake behind the Agent's proxy, which passes on the answers of the intake
 * - `intake`: the intake itself
 *
 * @category models
 * @since 0.1.0
 */
export type Endpoint = "agent-traces" | "agent-evp" | "intake"

/**
 * `afterMillis` is the wait that the receiver asked for.
 *
 * - `Delivered`: it arrived
 * - `Retry`: it did not arrive; send it again
 * - `Ambiguous`: it may have arrived; sending it again may duplicate it, which is counted
 * - `Split`: it did not arrive, because of part of its content: send its halves, and set a single one aside
 * - `Refuse`: it did not arrive and never will; a trace is given up, and its events take the other road
 * - `Pause`: it did not arrive, and nothing will until a setting is corrected: hold everything, and probe
 * - `Rediscover`: it did not arrive; the Agent does not have this endpoint: read its `/info` again
 *
 * @category models
 * @since 0.1.0
 */
export type Verdict =
  | { readonly _tag: "Delivered" }
  | { readonly _tag: "Retry"; readonly afterMillis: number | undefined }
  | { readonly _tag: "Ambiguous"; readonly afterMillis: number | undefined }
  | { readonly _tag: "Split" }
  | { readonly _tag: "Refuse" }
  | { readonly _tag: "Pause"; readonly afterMillis: number | undefined }
  | { readonly _tag: "Rediscover" }

/**
 * The table: the first row whose range holds the status. Columns are traces to the Agent, events through its proxy,
 * events to the intake. After a gateway's 502 or 504 the receiver behind it may have taken the body. The same holds for
 * a status that answers no request (1xx, or a number that is no status). Any other 4xx can be the fault of one event,
 * so no event is given up together with others.
 *
 * @category constants
 * @since 0.1.0
 */
export const table: ReadonlyArray<
  readonly [from: number, to: number, traces: Verdict["_tag"], evp: Verdict["_tag"], intake: Verdict["_tag"]]
> = [
  [200, 299, "Delivered", "Delivered", "Delivered"],
  [300, 399, "Refuse", "Pause", "Pause"],
  [401, 401, "Refuse", "Pause", "Pause"],
  [403, 403, "Refuse", "Pause", "Pause"],
  [404, 405, "Rediscover", "Rediscover", "Split"],
  [407, 407, "Refuse", "Pause", "Pause"],
  [408, 408, "Retry", "Retry", "Retry"],
  [425, 425, "Retry", "Retry", "Retry"],
  [429, 429, "Retry", "Retry", "Retry"],
  [400, 499, "Split", "Split", "Split"],
  [502, 502, "Ambiguous", "Ambiguous", "Ambiguous"],
  [504, 504, "Ambiguous", "Ambiguous", "Ambiguous"],
  [500, 599, "Retry", "Retry", "Retry"]
]

/**
 * The longest wait that a receiver can ask for, in milliseconds.
 *
 * @category constants
 * @since 0.1.0
 */
export const maxAfterMillis = 300_000

/**
 * The headers that carry a wait, by lower-case name.
 *
 * @category models
 * @since 0.1.0
 */
export interface Headers {
  readonly "retry-after"?: string | undefined
  readonly "x-ratelimit-reset"?: string | undefined
}

const delivered: Verdict = { _tag: "Delivered" }
const split: Verdict = { _tag: "Split" }
const refuse: Verdict = { _tag: "Refuse" }
const rediscover: Verdict = { _tag: "Rediscover" }

/**
 * Reads a status. `nowMillis` (Unix time) turns a date in `Retry-After` into a wait.
 *
 * @category combinators
 * @since 0.1.0
 */
export const ofStatus = (endpoint: Endpoint, status: number, headers: Headers, nowMillis: number): Verdict => {
  const row = table.find(([from, to]) => status >= from && status <= to)
  const tag = row === undefined
    ? "Ambiguous"
    : row[endpoint === "agent-traces" ? 2 : endpoint === "agent-evp" ? 3 : 4]
  switch (tag) {
    case "Delivered":
      return delivered
    case "Split":
      return split
    case "Refuse":
      return refuse
    case "Rediscover":
      return rediscover
    default:
      return { _tag: tag, afterMillis: afterMillis(headers, nowMillis) }
  }
}

/**
 * Reads a failure without an answer: connection refused, reset, timed out, or an answer that is not HTTP.
 * `bytesWritten` says whether any byte of the request may have left.
 *
 * @category combinators
 * @since 0.1.0
 */
export const ofFailure = (bytesWritten: boolean): Verdict =>
  bytesWritten ? { _tag: "Ambiguous", afterMillis: undefined } : { _tag: "Retry", afterMillis: undefined }

/**
 * Whether the request certainly did not arrive, so that another route may take its events.
 *
 * @category guards
 * @since 0.1.0
 */
export const isDefinite = (self: Verdict): boolean => self._tag !== "Delivered" && self._tag !== "Ambiguous"

/**
 * The wait that the receiver asked for, from 0 to `maxAfterMillis`: `Retry-After` in seconds or as a date, else
 * `X-RateLimit-Reset` in seconds (from now, or since 1970 if it is that large). `undefined` if it asked for none.
 *
 * @category combinators
 * @since 0.1.0
 */
export const afterMillis = (headers: Headers, nowMillis: number): number | undefined => {
  const retryAfter = headers["retry-after"]?.trim()
  const reset = seconds(headers["x-ratelimit-reset"]?.trim())
  let millis = seconds(retryAfter)
  if (millis === undefined && retryAfter !== undefined) {
    const date = httpDate(retryAfter)
    if (date !== undefined) millis = date - nowMillis
  }
  millis ??= reset !== undefined && reset > epochThreshold ? reset - nowMillis : reset
  return millis === undefined ? undefined : Math.min(maxAfterMillis, Math.max(0, millis))
}

const epochThreshold = 1e12

const seconds = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,15}(?:\.\d{1,9})?$/.test(text) ? Number(text) * 1_000 : undefined

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
const imfFixdate = /^[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/

// The date format that HTTP requires of senders, as Unix milliseconds.
const httpDate = (text: string): number | undefined => {
  const found = imfFixdate.exec(text)
  if (found === null) return undefined
  const month = months.indexOf(found[2]!)
  if (month < 0) return undefined
  const time = (Number(found[4]) * 60 + Number(found[5])) * 60 + Number(found[6])
  return (daysSinceEpoch(Number(found[3]), month, Number(found[1])) * 86_400 + time) * 1_000
}

// Years are counted from March, so that the leap day is the last of its year.
const daysSinceEpoch = (year: number, month: number, day: number): number => {
  const y = month < 2 ? year - 1 : year
  const m = (month + 10) % 12
  const leapDays = Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400)
  return 365 * y + leapDays + Math.floor((153 * m + 2) / 5) + day - 719_469
}
