/**
 * Redaction: what must not leave the process.
 *
 * **Details**
 *
 * A rule is a function from a finished span to what may be said of it. The rules of a layer run in order, each on what the
 * one before returned, before the event enters any buffer, disk, log or page. What a rule returns is what the event says;
 * returning nothing drops the event. A rule that throws costs the event its content and not the span.
 *
 * **Example** (A rule of one's own after the ready ones)
 *
 * ```ts import.meta.vitest
 * import * as LLMObs from "effect-llmobs/LLMObs"
 * import * as Redaction from "effect-llmobs/Redaction"
 *
 * const withoutHealthData: Redaction.Processor = (span) =>
 *   span.tags["team"] === "health" ? { ...span, input: undefined, output: undefined } : span
 *
 * const Live = LLMObs.layer({
 *   processors: [Redaction.secrets, Redaction.deny(["metadata.customer", "**.email"]), withoutHealthData]
 * })
 *
 * Redaction.redactSecrets("Use AKIAIOSFODNN7EXAMPLE for it.") // => "Use [redacted AWS key] for it."
 * ```
 *
 * @since 0.1.0
 */
import * as EveryText from "./EveryText.ts"
import * as FieldPath from "./FieldPath.ts"
import type { RedactableSpan } from "./RedactableSpan.ts"
import * as RedactableSpans from "./RedactableSpan.ts"
import * as SecretPattern from "./SecretPatterns.ts"

export type {
  /**
   * @category models
   * @since 0.1.0
   */
  RedactableModel,
  /**
   * @category models
   * @since 0.1.0
   */
  RedactablePrompt,
  /**
   * @category models
   * @since 0.1.0
   */
  RedactableSpan
} from "./RedactableSpan.ts"

/**
 * A rule. The span is a copy: changing it in place and returning it is as good as returning another one. It is called
 * when a span ends, and answers at once; a promise is a failure.
 *
 * @category models
 * @since 0.1.0
 */
export type Processor = (span: RedactableSpan) => RedactableSpan | undefined

/**
 * A rule over every text of an event, keys of metadata and tags included, and texts inside JSON texts. `key` is the name
 * under which a text stands directly.
 *
 * @category constructors
 * @since 0.1.0
 */
export const texts = (rule: (text: string, key: string | undefined) => string): Processor => (span) => {
  const { kind, metrics, spanLinks, ...rest } = span
  return {
    ...EveryText.map(rest, rule) as object,
    kind,
    // Numbers of metrics are counts and durations: only their names are texts.
    metrics: metrics === undefined ? undefined : Object.fromEntries(
      Object.entries(metrics).map(([key, value]) => [metricName(key, rule), value])
    ),
    // An id is no card number, though it may look like one.
    spanLinks: spanLinks?.map((link) => EveryText.map(link, (text, key) => isId(text) ? text : rule(text, key)))
  } as RedactableSpan
}

// A metric's name has lost its dots to `_`, and with them the form of what stands there.
const metricName = (name: string, rule: EveryText.TextRule): string => {
  const changed = rule(name, undefined)
  if (changed !== name) return changed
  const dotted = name.replaceAll("_", ".")
  const found = rule(dotted, undefined)
  return found === dotted ? name : found.replaceAll(".", "_")
}

const isId = (text: string): boolean => /^(?:[0-9]{1,20}|[0-9]{1,39}|[0-9a-f]{16}|[0-9a-f]{32})$/.test(text)

/**
 * A text without the secrets that `secrets` looks for.
 *
 * @category combinators
 * @since 0.1.0
 */
export const redactSecrets = (text: string): string => SecretPattern.replace(text, SecretPattern.secrets)

/**
 * A text without the personal data that `personalData` looks for.
 *
 * @category combinators
 * @since 0.1.0
 */
export const redactPersonalData = (text: string): string => SecretPattern.replace(text, SecretPattern.personalData)

/**
 * Replaces keys and tokens of well-known formats, bearer tokens, JSON Web Tokens, private keys, cloud keys, credentials in
 * connection strings, and whatever stands under a name like `password`.
 *
 * **Gotchas**
 *
 * It knows formats, not meaning: a secret that looks like any word passes. What must never leave is better denied by path.
 *
 * @category rules
 * @since 0.1.0
 */
export const secrets: Processor = texts((text, key) =>
  key !== undefined && text !== "" && SecretPattern.namesSecret(key)
    ? SecretPattern.placeholder("secret")
    : redactSecrets(text)
)

/**
 * Replaces e-mail addresses, card numbers and IBANs whose check digits are right, and what looks like a telephone number.
 *
 * **Gotchas**
 *
 * Names and street addresses have no form that could be told from other words.
 *
 * @category rules
 * @since 0.1.0
 */
export const personalData: Processor = texts(redactPersonalData)

/**
 * Takes out what the paths name: `metadata.customer.email`, `input[*].content`, `tags["http.url"]`, `prompt.variables`,
 * `**.password`. A field of the span goes; inside a field a text becomes `[redacted]`, a list or an object empty.
 *
 * @category rules
 * @since 0.1.0
 */
export const deny = (paths: ReadonlyArray<string>): Processor => {
  const parsed = pathsOf(paths)
  return (span) => FieldPath.deny(span, parsed) as RedactableSpan
}

// A tag that repeats a field is that field.
const pathsOf = (paths: ReadonlyArray<string>): ReadonlyArray<FieldPath.FieldPath> =>
  paths.flatMap((path) => {
    const parsed = FieldPath.parse(path)
    if (parsed[0] !== "tags" || parsed.length < 2) return [parsed]
    const key = parsed.slice(1).join(".")
    const fields = Object.entries(RedactableSpans.derivedTags)
      .filter(([tag]) => tag === key || key === "*" || key === "**")
      .map(([, field]) => [field])
    // A key with dots is one key, with or without brackets.
    return [parsed, ...(parsed.length > 2 ? [["tags", key]] : []), ...fields]
  })

const identityFields: ReadonlySet<string> = new Set(["kind", "name", "model", "metrics", "agentService"])

/**
 * The tags that the library writes, and that are no content: they say which service a span belongs to.
 *
 * @category constants
 * @since 0.1.0
 */
export const libraryTags: ReadonlyArray<string> = [
  "version",
  "env",
  "service",
  "source",
  "ddtrace.version",
  "language",
  "git.repository_url",
  "git.commit.sha",
  "experiment_id",
  "run_id",
  "run_iteration",
  "dataset_id",
  "project_id"
]

/**
 * Keeps what the paths name and takes out everything else. Kind, name, model, metrics and application of a span, and the
 * tags of its service, always stay.
 *
 * @category rules
 * @since 0.1.0
 */
export const allow = (paths: ReadonlyArray<string>): Processor => {
  const parsed = [...pathsOf(paths), ...libraryTags.map((key) => ["tags", key])]
  return (span) => FieldPath.allow(span, parsed, (key) => identityFields.has(key)) as RedactableSpan
}
