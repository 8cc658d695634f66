/**
 * Sampling rules: `DD_TRACE_SAMPLING_RULES`, a JSON list of objects.
 *
 * **Details**
 *
 * A rule has a `sample_rate` from 0 to 1, optionally patterns for `service`, `name` and `resource`, patterns for `tags`,
 * and `max_per_second`. It applies when every pattern it names matches; the first rule that applies decides.
 *
 * @since 0.1.0
 */
import type { Checked } from "../Problem.ts"
import * as Problem from "../Problem.ts"
import * as Glob from "./Glob.ts"

/**
 * `sampleRate` is from 0 to 1. `maxPerSecond` limits how many traces per second the rule keeps.
 *
 * @category models
 * @since 0.1.0
 */
export interface SamplingRule {
  readonly service?: Glob.Glob
  readonly name?: Glob.Glob
  readonly resource?: Glob.Glob
  readonly tags: ReadonlyArray<readonly [key: string, pattern: Glob.Glob]>
  readonly sampleRate: number
  readonly maxPerSecond?: number
}

/**
 * The data that a rule matches: the local root of a trace. Numeric tags are in `metrics`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Subject {
  readonly service: string
  readonly name: string
  readonly resource: string
  readonly tags: { readonly [key: string]: string }
  readonly metrics?: { readonly [key: string]: number } | undefined
}

/**
 * The largest setting that is read, in characters.
 *
 * @category constants
 * @since 0.2.0
 */
export const maxText = 1_000_000

// The most rules, and the longest pattern.
const limits = { rules: 1_000, pattern: 1_000 } as const

/**
 * Reads the JSON text. A bad rule is left out and reported with its index; text that is not a JSON list gives no rules.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse = (text: string | undefined): Checked<ReadonlyArray<SamplingRule>> =>
  parseList(text, "DD_TRACE_SAMPLING_RULES", ["service", "name", "resource", "tags", "sample_rate", "max_per_second"])

/**
 * Reads rules about single spans, `DD_SPAN_SAMPLING_RULES`: patterns for `service` and `name`, a `sample_rate` that is 1
 * if it is left out, and `max_per_second`.
 *
 * @category constructors
 * @since 0.2.0
 */
export const parseSpanRules = (
  text: string | undefined,
  setting = "DD_SPAN_SAMPLING_RULES"
): Checked<ReadonlyArray<SamplingRule>> =>
  parseList(text, setting, ["service", "name", "sample_rate", "max_per_second"], 1)

/**
 * Reads a setting of this form, whose rules may have these keys. A rule with any other key is left out: without that
 * restriction it would match more than intended. `null` counts as absent. A rule without a rate has `sampleRate`; if that
 * is left out, every rule must have one.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parseList = (
  text: string | undefined,
  setting: string,
  keys: ReadonlyArray<string>,
  sampleRate?: number
): Checked<ReadonlyArray<SamplingRule>> => {
  if (text === undefined || text.trim() === "") return Problem.ok([])
  const list = text.length > maxText ? undefined : readJson(text)
  if (!Array.isArray(list)) {
    return {
      value: [],
      problems: [
        Problem.make("invalid_setting", `${setting} is not a JSON list of objects. All its rules are ignored.`)
      ]
    }
  }
  const value: Array<SamplingRule> = []
  const problems: Array<Problem.Problem> = []
  if (list.length > limits.rules) {
    problems.push(
      Problem.make("invalid_setting", `${setting} has more than ${limits.rules} rules. The rest is ignored.`)
    )
  }
  for (let i = 0; i < Math.min(list.length, limits.rules); i++) {
    const rule = readRule(list[i], keys, sampleRate)
    if (typeof rule === "string") {
      problems.push(Problem.make("invalid_setting", `A rule of ${setting} is ignored: ${rule}.`, `[${i}]`))
      continue
    }
    if (rule.clamped) {
      const message = `A sample_rate in ${setting} is outside 0 to 1. The nearer end is used.`
      problems.push(Problem.make("invalid_setting", message, `[${i}].sample_rate`))
    }
    value.push(rule.rule)
  }
  return { value, problems: problems.length === 0 ? Problem.none : problems }
}

/**
 * The index of the first rule that applies, or -1.
 *
 * @category combinators
 * @since 0.1.0
 */
export const findIndex = (rules: ReadonlyArray<SamplingRule>, subject: Subject): number => {
  for (let i = 0; i < rules.length; i++) if (matches(rules[i]!, subject)) return i
  return -1
}

const matches = (rule: SamplingRule, subject: Subject): boolean =>
  (rule.service === undefined || Glob.matches(rule.service, subject.service)) &&
  (rule.name === undefined || Glob.matches(rule.name, subject.name)) &&
  (rule.resource === undefined || Glob.matches(rule.resource, subject.resource)) &&
  matchesTags(rule, subject.tags, subject.metrics)

/**
 * Whether every tag of the rule is present and matches. A number with a fraction has no agreed text, so it matches `*`
 * alone.
 *
 * @category guards
 * @since 0.1.0
 */
export const matchesTags = (
  rule: SamplingRule,
  tags: { readonly [key: string]: string },
  metrics?: { readonly [key: string]: number }
): boolean => {
  for (const [key, pattern] of rule.tags) {
    if (Object.hasOwn(tags, key)) {
      if (!Glob.matches(pattern, tags[key]!)) return false
    } else if (metrics !== undefined && Object.hasOwn(metrics, key)) {
      const number = metrics[key]!
      if (!pattern.anything && !(Number.isInteger(number) && Glob.matches(pattern, String(number)))) return false
    } else {
      return false
    }
  }
  return true
}

// A JSON number, or its decimal text.
const readNumber = (u: unknown): number | undefined => {
  const n = typeof u === "number" ? u : typeof u === "string" && u.length <= 40 && u.trim() !== "" ? Number(u) : NaN
  return Number.isFinite(n) ? n : undefined
}

const readJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const readGlob = (u: unknown): Glob.Glob | undefined =>
  (typeof u === "string" && u.length <= limits.pattern) || typeof u === "number" || typeof u === "boolean"
    ? Glob.make(String(u))
    : undefined

const isObject = (u: unknown): u is { readonly [key: string]: unknown } =>
  typeof u === "object" && u !== null && !Array.isArray(u)

const readRule = (
  u: unknown,
  keys: ReadonlyArray<string>,
  defaultRate: number | undefined
): { readonly rule: SamplingRule; readonly clamped: boolean } | string => {
  if (!isObject(u)) return "it is not an object"
  for (const key of Object.keys(u)) if (!keys.includes(key)) return "it has a key that is not known here"
  const given = readNumber(u["sample_rate"] ?? defaultRate)
  if (given === undefined) return "it has no sample_rate that is a number"
  const sampleRate = Math.min(1, Math.max(0, given))
  const rule: { -readonly [K in keyof SamplingRule]: SamplingRule[K] } = { tags: [], sampleRate }
  for (const field of ["service", "name", "resource"] as const) {
    if (u[field] === undefined || u[field] === null) continue
    const pattern = readGlob(u[field])
    if (pattern === undefined) return `its ${field} is not a text of at most ${limits.pattern} characters`
    rule[field] = pattern
  }
  if (u["tags"] !== undefined && u["tags"] !== null) {
    if (!isObject(u["tags"])) return "its tags are not an object"
    const tags: Array<readonly [string, Glob.Glob]> = []
    for (const [key, value] of Object.entries(u["tags"])) {
      const pattern = readGlob(value)
      if (pattern === undefined) return `a tag is not a text of at most ${limits.pattern} characters`
      tags.push([key, pattern])
    }
    rule.tags = tags
  }
  if (u["max_per_second"] !== undefined && u["max_per_second"] !== null) {
    const max = readNumber(u["max_per_second"])
    if (max === undefined) return "its max_per_second is not a number"
    rule.maxPerSecond = max
  }
  return { rule, clamped: sampleRate !== given }
}
