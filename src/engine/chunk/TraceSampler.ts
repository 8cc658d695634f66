/**
 * The sampling decision of a local trace: taken once, from the state of its root when it is needed.
 */
import type { AgentRates } from "../../domain/sampling/AgentRates.ts"
import * as SamplingPriority from "../../domain/sampling/SamplingPriority.ts"
import type { LocalTrace, SampledTrace } from "./LocalTrace.ts"
import type { Decision, Options, Root } from "./Sampler.ts"
import * as Sampler from "./Sampler.ts"

export interface TraceSampler {
  /** The decision, frozen by the first call. Only a manual decision changes it, for spans that leave later. */
  readonly decide: (trace: LocalTrace) => Decision
  /** The priority by present knowledge. It freezes nothing and uses no token of a rate limit. */
  readonly forecast: (trace: LocalTrace) => number
  readonly updateRates: (rates: AgentRates) => void
}

export const make = (
  options: Options & { readonly service: string; readonly env: string | undefined }
): TraceSampler => {
  const sampler = Sampler.make(options)
  const forecaster = Sampler.make({ ...options, rateLimit: -1 })

  const rootOf = (trace: LocalTrace): Root => ({
    service: trace.root?.service ?? options.service,
    name: trace.root?.name ?? "",
    resource: trace.root?.resource ?? "",
    tags: trace.root?.meta ?? {},
    metrics: trace.root?.metrics ?? {},
    env: options.env ?? "",
    traceId: trace.traceId,
    upstreamPriority: trace.upstream?.priority,
    manual: trace.manual
  })

  return {
    decide: (trace: SampledTrace) => {
      const frozen = trace.decision
      const byHand = SamplingPriority.mechanism.manual
      if (frozen !== undefined && (trace.manual === undefined || frozen.mechanism === byHand)) return frozen
      return trace.decision = sampler.decide(rootOf(trace))
    },
    forecast: (trace: SampledTrace) =>
      trace.decision?.priority ?? (trace.provisional ??= forecaster.decide(rootOf(trace)).priority),
    updateRates: (rates) => {
      sampler.updateRates(rates)
      forecaster.updateRates(rates)
    }
  }
}
