/**
 * The retention of LLM traces: `DD_LLMOBS_SAMPLE_RATE` and `DD_LLMOBS_SAMPLING_RULES`.
 *
 * **Details**
 *
 * The decision is stamped on every event of a trace and the backend applies it. Nothing is dropped here, so metrics
 * stay complete. The decision hashes the APM trace id, so all LLM traces in one APM trace agree at one rate. Without
 * rules it is taken when the LLM root starts. With rules it depends on the tags of the root, so it is taken as late as
 * possible, and once: at the root's finish, the first injection into a request or the first partial flush. Children and
 * downstream services inherit it.
 *
 * @since 0.1.0
 */
import type { Checked } from "../Problem.ts"
import type { Retention } from "../span/SpanContext.ts"
import * as KnuthSampling from "./KnuthSampling.ts"
import type { SamplingRule } from "./SamplingRules.ts"
import * as SamplingRules from "./SamplingRules.ts"

/**
 * `sampleRate` is from 0 to 1 and applies if no rule does. `rules` match tags alone.
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
 * Reads the rules. A bad rule is left out and reported with its index. `setting` is the name that problems use.
 *
 * @category constructors
 * @since 0.2.0
 */
export const parseRules = (
  text: string | undefined,
  setting = "DD_LLMOBS_SAMPLING_RULES"
): Checked<ReadonlyArray<SamplingRule>> => SamplingRules.parseList(text, setting, ["tags", "sample_rate"])

/**
 * Whether the decision must wait for the tags of the root.
 *
 * @category guards
 * @since 0.1.0
 */
export const looksAtTags = (self: RetentionSampling): boolean => self.rules.length > 0

/**
 * Decides for the LLM trace of a root with these tags. Without tags, as at the start of the root, only a rule without
 * tags can apply.
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
