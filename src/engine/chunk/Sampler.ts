/**
 * Decides which APM traces are kept.
 *
 * **Details**
 *
 * The first source with a decision wins: a manual keep or drop, the upstream's priority, the first sampling rule that
 * applies, the sample rate, the Agent's rate for the service, else keep. Traces that a rule or the sample rate keeps
 * must pass the rate limit too. A decision is a value: the caller stores it, and calls again only to record a manual
 * keep or drop.
 */
import type { AgentRates } from "../../domain/sampling/AgentRates.ts"
import * as Rates from "../../domain/sampling/AgentRates.ts"
import * as KnuthSampling from "../../domain/sampling/KnuthSampling.ts"
import * as RateLimiter from "../../domain/sampling/RateLimiter.ts"
import * as SamplingPriority from "../../domain/sampling/SamplingPriority.ts"
import type { SamplingRule, Subject } from "../../domain/sampling/SamplingRules.ts"
import * as SamplingRules from "../../domain/sampling/SamplingRules.ts"
import * as TraceId from "../../domain/span/TraceId.ts"

/** The local root of a trace when the decision is needed: at its finish, or at the first injection. */
export interface Root extends Subject {
  readonly env: string
  /** The APM trace id, 32 hex characters. */
  readonly traceId: string
  /** The priority that came with the request. */
  readonly upstreamPriority?: number | undefined
  /** The manual decision of any span of the trace. */
  readonly manual?: "keep" | "drop" | undefined
}

/**
 * `tags` and `metrics` belong on the local root alone. The priority and `decisionMaker` (the text of `_dd.p.dm`, which
 * is among `tags` too) are repeated on the first span of each further chunk, and leave in headers. After an upstream's
 * decision `decisionMaker` is absent: the upstream's own, if it sent one, stays.
 */
export interface Decision {
  readonly priority: number
  readonly mechanism: SamplingPriority.Mechanism | undefined
  readonly decisionMaker: string | undefined
  readonly tags: { readonly [key: string]: string }
  readonly metrics: { readonly [key: string]: number }
}

export interface Sampler {
  readonly decide: (root: Root) => Decision
  /** Replaces the rates by those of the Agent's latest answer, for roots decided from now on. */
  readonly updateRates: (rates: AgentRates) => void
}

/**
 * `sampleRate` is from 0 to 1; absent means no sample rate. `rateLimit` is in traces per second: 0 rejects all, a
 * negative number means no limit. `now` reads a clock in milliseconds.
 */
export interface Options {
  readonly rules?: ReadonlyArray<SamplingRule> | undefined
  readonly sampleRate?: number | undefined
  readonly rateLimit?: number | undefined
  readonly now: () => number
}

/** The rate limit if `DD_TRACE_RATE_LIMIT` is not set, in traces per second. */
const defaultRateLimit = 100

export const make = (options: Options): Sampler => {
  const { now, rules = [], sampleRate } = options
  let rates: AgentRates = Rates.empty
  let limiter = RateLimiter.make(options.rateLimit ?? defaultRateLimit, now())
  const ruleLimiters = rules.map(({ maxPerSecond }) =>
    maxPerSecond === undefined ? undefined : RateLimiter.make(maxPerSecond, now())
  )

  const passesRule = (index: number): boolean => {
    const own = ruleLimiters[index]
    if (own === undefined) return true
    const step = RateLimiter.step(own, now())
    ruleLimiters[index] = step.state
    return step.allowed
  }

  // Nearly all traces have one of few decisions, so the last one is kept.
  let last: { readonly rate: number; readonly kept: boolean; readonly decision: Decision } | undefined
  const byAgent = (rate: number, kept: boolean): Decision => {
    if (last === undefined || last.rate !== rate || last.kept !== kept) {
      const priority = kept ? SamplingPriority.autoKeep : SamplingPriority.autoReject
      const mechanism = SamplingPriority.mechanism.agentRate
      last = { rate, kept, decision: decision(priority, mechanism, { "_dd.agent_psr": rate }, rate) }
    }
    return last.decision
  }

  const byUser = (root: Root, rate: number, index: number): Decision => {
    const metrics: { [key: string]: number } = { "_dd.rule_psr": rate }
    let kept = keeps(root, rate) && passesRule(index)
    if (kept && limiter.limit >= 0) {
      const step = RateLimiter.step(limiter, now())
      limiter = step.state
      kept = step.allowed
      metrics["_dd.limit_psr"] = step.effectiveRate
    }
    const priority = kept ? SamplingPriority.userKeep : SamplingPriority.userReject
    return decision(priority, SamplingPriority.mechanism.localRule, metrics, rate)
  }

  return {
    decide: (root) => {
      if (root.manual !== undefined) return root.manual === "keep" ? manualKeep : manualDrop
      if (root.upstreamPriority !== undefined) return fromUpstream(root.upstreamPriority)
      const index = SamplingRules.findIndex(rules, root)
      if (index >= 0) return byUser(root, rules[index]!.sampleRate, index)
      if (sampleRate !== undefined) return byUser(root, sampleRate, -1)
      const rate = Rates.rateOf(rates, root.service, root.env)
      if (rate === undefined) return byDefault
      return byAgent(rate, keeps(root, rate))
    },
    updateRates: (next) => {
      rates = next
    }
  }
}

// The id as a number is needed only between the rates 0 and 1.
const keeps = (root: Root, rate: number): boolean =>
  rate >= 1 || (rate > 0 && KnuthSampling.keeps(BigInt("0x" + TraceId.low64(root.traceId)), rate))

const decision = (
  priority: number,
  mechanism: SamplingPriority.Mechanism,
  metrics: { readonly [key: string]: number },
  rate?: number
): Decision => {
  const decisionMaker = SamplingPriority.decisionMaker(mechanism)
  return {
    priority,
    mechanism,
    decisionMaker,
    tags: rate === undefined
      ? { "_dd.p.dm": decisionMaker }
      : { "_dd.p.dm": decisionMaker, "_dd.p.ksr": KnuthSampling.rateText(rate) },
    metrics
  }
}

const manualKeep = decision(SamplingPriority.userKeep, SamplingPriority.mechanism.manual, {})
const manualDrop = decision(SamplingPriority.userReject, SamplingPriority.mechanism.manual, {})
const byDefault = decision(SamplingPriority.autoKeep, SamplingPriority.mechanism.default, {})

const fromUpstream = (priority: number): Decision => ({
  priority,
  mechanism: undefined,
  decisionMaker: undefined,
  tags: {},
  metrics: {}
})
