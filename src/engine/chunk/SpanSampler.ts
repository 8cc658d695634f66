/**
 * Keeps single spans of a rejected trace, by `DD_SPAN_SAMPLING_RULES`.
 *
 * **Details**
 *
 * The first rule whose patterns match the service and the name of a span decides about it. A kept span is marked in its
 * metrics: the Agent keeps marked spans, and drops the rest of their trace. The priority of the trace stays as it is, so
 * the event of an LLM span among them is offered to the intake like every event of a rejected trace.
 */
import * as KnuthSampling from "../../domain/sampling/KnuthSampling.ts"
import * as RateLimiter from "../../domain/sampling/RateLimiter.ts"
import * as SamplingPriority from "../../domain/sampling/SamplingPriority.ts"
import type { SamplingRule } from "../../domain/sampling/SamplingRules.ts"
import * as SamplingRules from "../../domain/sampling/SamplingRules.ts"
import type { LiveSpan } from "./LocalTrace.ts"

/** Decides about the finished spans of a rejected trace, and marks those that it keeps. */
export type SpanSampler = (spans: ReadonlyArray<Sampled>) => void

/** The part of a span that the sampler reads. The mark is written into `metrics`. */
export type Sampled = Pick<LiveSpan, "spanId" | "service" | "name"> & {
  readonly metrics: { [key: string]: number }
}

/** Makes a sampler. `now` reads a clock in milliseconds. */
export const make = (options: {
  readonly rules: ReadonlyArray<SamplingRule>
  readonly now: () => number
}): SpanSampler => {
  const { now, rules } = options
  const limiters = rules.map(({ maxPerSecond }) =>
    maxPerSecond === undefined ? undefined : RateLimiter.make(maxPerSecond, now())
  )

  const passes = (index: number): boolean => {
    const limiter = limiters[index]
    if (limiter === undefined) return true
    const step = RateLimiter.step(limiter, now())
    limiters[index] = step.state
    return step.allowed
  }

  const sample = ({ metrics, name, service, spanId }: Sampled): void => {
    const index = SamplingRules.findIndex(rules, { service, name, resource: "", tags: {} })
    const rule = rules[index]
    if (rule === undefined || !KnuthSampling.keeps(BigInt("0x" + spanId), rule.sampleRate) || !passes(index)) return
    metrics["_dd.span_sampling.mechanism"] = SamplingPriority.mechanism.singleSpan
    metrics["_dd.span_sampling.rule_rate"] = rule.sampleRate
    if (rule.maxPerSecond !== undefined) metrics["_dd.span_sampling.max_per_second"] = rule.maxPerSecond
  }

  return (spans) => {
    if (rules.length > 0) { for (const span of spans) sample(span) }
  }
}
