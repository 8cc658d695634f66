/**
 * Sampling priorities and mechanisms: whether a trace is kept, and the origin of the decision.
 *
 * **Details**
 *
 * The metric `_sampling_priority_v1` holds the priority, and the tag `_dd.p.dm` the mechanism, as text with a minus
 * sign in front (`"-3"`). Both are on the local root, and again on the first span of every later chunk of the same
 * trace.
 *
 * @since 0.1.0
 */

/**
 * Dropped by the user: a rule, a rate limit or a manual drop.
 *
 * @category constants
 * @since 0.1.0
 */
export const userReject = -1

/**
 * Dropped by the Agent's rates.
 *
 * @category constants
 * @since 0.1.0
 */
export const autoReject = 0

/**
 * Kept by default or by the Agent's rates.
 *
 * @category constants
 * @since 0.1.0
 */
export const autoKeep = 1

/**
 * Kept by the user: a rule or a manual keep.
 *
 * @category constants
 * @since 0.1.0
 */
export const userKeep = 2

/**
 * The origin of the decision. `localRule` is a rule or a rate of this process's settings, `agentRate` a rate of the
 * Agent.
 *
 * @category constants
 * @since 0.1.0
 */
export const mechanism = {
  default: 0,
  agentRate: 1,
  localRule: 3,
  manual: 4,
  appSec: 5,
  singleSpan: 8,
  remoteUserRule: 11,
  remoteDynamicRule: 12
} as const

/**
 * The number of a mechanism.
 *
 * @category models
 * @since 0.1.0
 */
export type Mechanism = typeof mechanism[keyof typeof mechanism]

/**
 * The text of a mechanism in `_dd.p.dm`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const decisionMaker = (self: Mechanism): string => `-${self}`

/**
 * Whether the Agent is expected to keep a trace of this priority. An unset priority promises nothing.
 *
 * @category guards
 * @since 0.1.0
 */
export const isKept = (priority: number | undefined): boolean => priority !== undefined && priority > 0
