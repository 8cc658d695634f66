/**
 * The retention of LLM traces: `DD_LLMOBS_SAMPLE_RATE` and `DD_LLMOBS_SAMPLING_RULES`.
 *
 * **Details**
 *
 * The decision is stamped on every event of a trace and the backend applies it: nothing is dropped here, so that metrics
 * stay complete. It hashes the APM trace id, so all LLM traces in one APM trace agree at one rate. Without rules it is
 * taken when the LLM root starts. With rules it looks at the tags of the root, as late as possible: at the root's finish,
 * the first injection into a request or the first partial flush, whichever comes first, and never again. Children and
 * downstream services take it over.
 *
 * @since 0.1.0
 */
import type { Checked } from "../Problem.ts"
import type { Retention } from "../span/SpanContext.ts"
import * as KnuthSampling from "./KnuthSampling.ts"
import type { SamplingRule } from "./SamplingRules.ts"
import * as SamplingRules from "./SamplingRules.ts"

/**
 * `sampleRate` is from 0 to 1 and holds where no rule applies. `rules` look at tags alone.
 *
 * @category models
 * @since 0.1.0
 */
export interface RetentionSampling {
  readonly sampleRate: number
  readonly rules: ReadonlyArray<SamplingRule>
}

/**
 * Every trace is retained.
 *
 * @category constants
 * @since 0.1.0
 */
export const all: RetentionSampling = { sampleRate: 1, rules: [] }

/**
 * Reads the rules. A bad rule is left out and reported with its place. `setting` is the name that problems use.
 *
 * @category constructors
 * @since 0.2.0
 */
export const parseRules = (
  text: string | undefined,
  setting = "DD_LLMOBS_SAMPLING_RULES"
): Checked<ReadonlyArray<SamplingRule>> => SamplingRules.parseList(text, setting, ["tags", "sample_rate"])

/**
 * Whether the decision has to wait for the tags of the root.
 *
 * @category guards
 * @since 0.1.0
 */
export const looksAtTags = (self: RetentionSampling): boolean => self.rules.length > 0

/**
 * Decides for the LLM trace of a root with these tags. Without tags, as at the start of the root, only a rule that names
 * none can apply.
 *
 * @category combinators
 * @since 0.1.0
 */
export const decide = (
  self: RetentionSampling,
  traceIdLow64: bigint,
  tags: { readonly [key: string]: string } = noTags
): Retention => {
  let rate = self.sampleRate
  for (const rule of self.rules) {
    if (!SamplingRules.matchesTags(rule, tags)) continue
    rate = rule.sampleRate
    break
  }
  return {
    sampleRate: KnuthSampling.rateText(rate),
    samplingDecision: KnuthSampling.keeps(traceIdLow64, rate) ? "1" : "0"
  }
}

const noTags: { readonly [key: string]: string } = {}
