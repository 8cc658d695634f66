/**
 * The tags that travel with a trace (`_dd.p.*`), and the order in which they are left out when a header is full.
 *
 * **Details**
 *
 * Two headers carry them: `x-datadog-tags` as `_dd.p.<name>=<value>`, and the `dd` member of `tracestate` as
 * `t.<name>:<value>`. Both have a length limit, and a receiver drops a longer header. So whole tags are left out here,
 * in an order that keeps the trace together.
 *
 * @since 0.1.0
 */

/**
 * The prefix of every tag that travels.
 *
 * @category constants
 * @since 0.1.0
 */
export const prefix = "_dd.p."

/**
 * The tag with the mechanism of the sampling decision, such as `-4`.
 *
 * @category constants
 * @since 0.1.0
 */
export const decisionMaker = "_dd.p.dm"

/**
 * The tag with the high 64 bits of the trace id.
 *
 * @category constants
 * @since 0.1.0
 */
export const highTraceId = "_dd.p.tid"

/**
 * The order in which tags are left out: the highest rank first. Tags of one rank go together; tags of other products
 * get a rank of their own between `other` and the next.
 *
 * The LLM tags are left out before those of other products, the agent's name first. The LLM parent and trace id stay as
 * long as the trace id itself and the sampling decision.
 *
 * @category constants
 * @since 0.1.0
 */
export const rank = {
  traceId: 0,
  decisionMaker: 1,
  llmParent: 2,
  origin: 3,
  other: 4,
  agentSpanId: 5,
  sampling: 6,
  mlApp: 7,
  session: 8,
  agentName: 9,
  redundant: 10
} as const

/**
 * A tag to send. An `exact` value that no header can hold is left out, because an altered id joins nothing. Other
 * values get `_` for each character that a header cannot hold, as in Datadog's tracers.
 *
 * @category models
 * @since 0.1.0
 */
export interface PropagationTag {
  readonly key: string
  readonly value: string
  readonly rank: number
  readonly exact: boolean
}

const legalKey = /^[\x21-\x2b\x2d-\x3c\x3e-\x7e]+$/
const legalValue = /^[\x20-\x2b\x2d-\x7e]+$/

/**
 * Whether `x-datadog-tags` can hold this key: printable ASCII without space, comma and equals sign.
 *
 * @category guards
 * @since 0.1.0
 */
export const isKey = (key: string): boolean =>
  key.startsWith(prefix) && key.length > prefix.length && legalKey.test(key)

/**
 * Whether `x-datadog-tags` can hold this value unchanged: printable ASCII without comma, no space at either end.
 *
 * @category guards
 * @since 0.1.0
 */
export const isValue = (value: string): boolean => legalValue.test(value) && value[0] !== " " && value.at(-1) !== " "

/**
 * Whether a text is a decision maker, such as `-0` or `-11`.
 *
 * @category guards
 * @since 0.1.0
 */
export const isDecisionMaker = (value: string): boolean => /^-\d{1,3}$/.test(value)

/**
 * Leaves out texts by rank until the rest fits. `limit` is for the texts joined by one character each.
 *
 * **Details**
 *
 * A text that does not fit even beside the identity of the trace alone goes first, so that an over-long application
 * name does not push out the session. After that the ranks go from the highest down.
 *
 * @category combinators
 * @since 0.1.0
 */
export const fit = <E extends { readonly text: string; readonly rank: number }>(
  entries: ReadonlyArray<E>,
  limit: number
): ReadonlyArray<E> => {
  if (lengthOf(entries) <= limit) return entries
  const identity = entries.filter(isIdentity)
  const room = limit - lengthOf(identity) - (identity.length === 0 ? 0 : 1)
  const able = entries.filter((entry) => isIdentity(entry) || entry.text.length <= room)
  const sizes = new Map<number, number>()
  for (const entry of able) sizes.set(entry.rank, (sizes.get(entry.rank) ?? 0) + entry.text.length + 1)
  const gone = new Set<number>()
  let length = lengthOf(able)
  for (const [worst, size] of [...sizes].sort(([a], [b]) => b - a)) {
    if (length <= limit) break
    gone.add(worst)
    length -= size
  }
  return able.filter((entry) => !gone.has(entry.rank))
}

const isIdentity = (entry: { readonly rank: number }): boolean => entry.rank <= rank.llmParent

const lengthOf = (entries: ReadonlyArray<{ readonly text: string }>): number =>
  entries.reduce((sum, entry) => sum + entry.text.length + 1, entries.length === 0 ? 0 : -1)
