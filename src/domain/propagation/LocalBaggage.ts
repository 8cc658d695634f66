/**
 * Baggage that the program itself sets in a region, as the spans that start there read it.
 *
 * **Details**
 *
 * It counts like the header of a request, from the beginning of the region to its end: a session, a user, an account, an
 * experiment. Only the program can set it, so nothing of it is taken for a browser's.
 *
 * @since 0.2.0
 */
import type { Checked } from "../Problem.ts"
import * as Problems from "../Problem.ts"
import type { Labels, SpanContext } from "../span/SpanContext.ts"
import * as Baggage from "./Baggage.ts"
import type { Changes } from "./BaggageChange.ts"
import * as ExperimentBaggage from "./ExperimentBaggage.ts"
import type { PropagationSettings } from "./PropagationStyle.ts"
import * as RumBaggage from "./RumBaggage.ts"

/**
 * The changes that concern spans: a text is a label, `undefined` takes away what the request said. `undefined` in place of
 * the map when no change does.
 *
 * @category models
 * @since 0.2.0
 */
export type LocalBaggage = Changes | undefined

const labelKeys: ReadonlySet<string> = new Set(Object.values(RumBaggage.keys))
const experimentKeys: ReadonlySet<string> = new Set(ExperimentBaggage.table.map(([key]) => key))

/**
 * Reads the changes of a region by the settings that headers are read by: without the style `baggage` none counts, and with
 * `experimentBaggage: "ignore"` no experiment. A text that cannot be a label names nothing and is reported.
 *
 * @category constructors
 * @since 0.2.0
 */
export const read = (
  changes: Changes,
  settings: Pick<PropagationSettings, "stylesExtract" | "experimentBaggage">
): Checked<LocalBaggage> => {
  if (changes.size === 0 || !settings.stylesExtract.includes("baggage")) return Problems.ok(undefined)
  let local: Map<string, string | undefined> | undefined
  let problems = Problems.none
  for (const [key, value] of changes) {
    const isOurs = labelKeys.has(key) || (settings.experimentBaggage !== "ignore" && experimentKeys.has(key))
    if (!isOurs) continue
    const usable = value === undefined || Baggage.isLabel(value)
    if (!usable) problems = [unusable]
    local ??= new Map()
    local.set(key, usable ? value : undefined)
  }
  return { value: local, problems }
}

const unusable = Problems.make(
  "invalid_baggage",
  "Members given to withBaggage are no labels of spans: a label has 1 to 200 characters, without controls."
)

/**
 * The baggage of a request, with the changes of `withBaggage`.
 *
 * @category combinators
 * @since 0.2.0
 */
export const labels = (brought: Labels | undefined, local: LocalBaggage): Labels | undefined => {
  if (local === undefined) return brought
  const rum = new Map<string, string>()
  for (const name of rumNames) {
    const key = RumBaggage.keys[name]
    const value = local.has(key) ? local.get(key) : brought?.rum?.[name]
    if (value !== undefined) rum.set(key, value)
  }
  return { ...brought, rum: RumBaggage.read(rum), experiment: experiment(brought?.experiment, local) }
}

const rumNames = ["sessionId", "userId", "accountId"] as const

const experiment = (outer: Labels["experiment"], local: Changes): Labels["experiment"] => {
  let members: Map<string, string> | undefined
  for (const [key, value] of local) {
    if (!experimentKeys.has(key)) continue
    members ??= new Map(outer === undefined ? undefined : ExperimentBaggage.write(outer))
    if (value === undefined) members.delete(key)
    else members.set(key, value)
  }
  return members === undefined ? outer : ExperimentBaggage.read(members)
}

/**
 * The changes since the parent span started: a `withBaggage` inside a span is newer than the baggage that the
 * span took over, one around it is not.
 *
 * @category combinators
 * @since 0.2.0
 */
export const since = (local: LocalBaggage, started: Changes): LocalBaggage => {
  if (local === undefined || started.size === 0) return local
  let newer: Map<string, string | undefined> | undefined
  for (const [key, value] of local) {
    if (started.has(key) && started.get(key) === value) continue
    newer ??= new Map()
    newer.set(key, value)
  }
  return newer
}

/**
 * A parent as a span in the region inherits from it. The newer experiment replaces the parent's, and newer labels those
 * that the parent had from baggage; what was named in code, or came from a service upstream, stays.
 *
 * @category combinators
 * @since 0.2.0
 */
export const inherited = <R>(parent: SpanContext<R>, newer: LocalBaggage): SpanContext<R> =>
  newer === undefined ? parent : {
    ...parent,
    session: newer.has(RumBaggage.keys.sessionId) ? vouched(parent.session) : parent.session,
    userId: newer.has(RumBaggage.keys.userId) ? vouched(parent.userId) : parent.userId,
    accountId: newer.has(RumBaggage.keys.accountId) ? vouched(parent.accountId) : parent.accountId,
    experiment: experiment(parent.experiment, newer)
  }

const vouched = (label: SpanContext["session"]): SpanContext["session"] => label?.origin === "rum" ? undefined : label
