/**
 * Redaction: rules that remove data before it leaves the process.
 *
 * **Details**
 *
 * A rule is a function from a finished span to the span that may leave. The rules of a layer run in order, each on the
 * result of the one before, before the event enters any buffer, disk, log or page. The event is rendered from the
 * result; returning nothing drops the event. If a rule throws, the event loses its content, and the span is kept.
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
import * as JsonTexts from "./JsonTexts.ts"
import { libraryTags } from "./LibraryTags.ts"
import type { Rules } from "./NamedPlaces.ts"
import * as PersonalData from "./PersonalData.ts"
import type { RedactableSpan } from "./RedactableSpan.ts"
import * as RedactableSpans from "./RedactableSpan.ts"
import * as Replacements from "./Replacement.ts"
import * as SecretNames from "./SecretNames.ts"
import * as SecretPatterns from "./SecretPatterns.ts"

export type {
  /**
   * The model of an llm or embedding span.
   *
   * @category models
   * @since 0.1.0
   */
  RedactableModel,
  /**
   * The prompt of an llm span, inherited or its own.
   *
   * @category models
   * @since 0.1.0
   */
  RedactablePrompt,
  /**
   * A finished span. `kind` determines the form of its input and output.
   *
   * @category models
   * @since 0.1.0
   */
  RedactableSpan
} from "./RedactableSpan.ts"

/**
 * A rule. The span is a copy, so a rule may change it in place and return it, or return another one. A rule is called
 * when a span ends and returns at once; a promise is a failure.
 *
 * @category models
 * @since 0.1.0
 */
export type Processor = (span: RedactableSpan) => RedactableSpan | undefined

/**
 * A rule over every text of an event, including keys of metadata and tags, and texts inside JSON texts. `key` is the
 * direct key of a text.
 *
 * @category constructors
 * @since 0.1.0
 */
export const texts = (rule: (text: string, key: string | undefined) => string): Processor => over({ text: rule })

const over = (rules: Rules): Processor => (span) => {
  const { kind, metrics, spanLinks, ...rest } = span
  const forLinks: Rules = { ...rules, text: (text, key) => isId(text) ? text : rules.text(text, key) }
  return {
    ...EveryText.map(rest, rules) as object,
    kind,
    // Numbers of metrics are counts and durations: only their names are texts.
    metrics: metrics === undefined ? undefined : Object.fromEntries(
      Object.entries(metrics).map(([key, value]) => [metricName(key, rules.text), value])
    ),
    // An id can look like a card number and is none.
    spanLinks: spanLinks?.map((link) => EveryText.map(link, forLinks))
  } as RedactableSpan
}

// A dot in a metric's name has become `_`, so a secret in it has lost its form.
const metricName = (name: string, rule: Rules["text"]): string => {
  const changed = rule(name, undefined)
  if (changed !== name) return changed
  const dotted = name.replaceAll("_", ".")
  const found = rule(dotted, undefined)
  return found === dotted ? name : found.replaceAll(".", "_")
}

const isId = (text: string): boolean => /^(?:[0-9]{1,39}|[0-9a-f]{16}|[0-9a-f]{32})$/.test(text)

const secretRules: Rules = {
  text: SecretPatterns.redact,
  under: (name, text) => SecretNames.namesSecret(name, text) ? Replacements.placeholder("secret") : undefined
}

const personalRules: Rules = { text: PersonalData.redact }

/**
 * A text without the secrets that the rule `secrets` finds.
 *
 * **Example** (A secret under its name, and one that is known by its form)
 *
 * ```ts import.meta.vitest
 * import * as Redaction from "effect-llmobs/Redaction"
 *
 * Redaction.redactSecrets("password: \"a b\", max_tokens: 7") // => "password: \"[redacted secret]\", max_tokens: 7"
 * Redaction.redactSecrets("ghp_0123456789abcdefghij!") // => "[redacted token]!"
 * Redaction.redactSecrets('{"cookies":[1,2],"n":1.50}') // => '{"cookies":"[redacted secret]","n":1.50}'
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const redactSecrets = (text: string): string => JsonTexts.mapText(text, secretRules)

/**
 * A text without the personal data that the rule `personalData` finds.
 *
 * @category combinators
 * @since 0.1.0
 */
export const redactPersonalData = (text: string): string => JsonTexts.mapText(text, personalRules)

/**
 * Replaces keys and tokens of well-known formats, bearer tokens, JSON Web Tokens, private keys, cloud keys, credentials
 * in connection strings, and every value under a name like `password`: a text, a number, a list, an object, or the
 * value of a header. `docs/redaction.md` lists the names.
 *
 * **Gotchas**
 *
 * It knows names and forms, not meaning: a secret that looks like an ordinary word is kept. Use `deny` for data that
 * must never leave.
 *
 * @category rules
 * @since 0.1.0
 */
export const secrets: Processor = over(secretRules)

/**
 * Replaces e-mail addresses, card numbers and IBANs with correct check digits, and texts that look like telephone
 * numbers.
 *
 * **Gotchas**
 *
 * Names and street addresses are kept, because no form distinguishes them from other words.
 *
 * @category rules
 * @since 0.1.0
 */
export const personalData: Processor = over(personalRules)

/**
 * Removes everything that the paths name: `metadata.customer.email`, `input[*].content`, `tags["http.url"]`,
 * `prompt.variables`, `**.password`. A field of the span is left out; inside a field a text becomes `[redacted]`, a
 * list or an object becomes empty.
 *
 * @category rules
 * @since 0.1.0
 */
export const deny = (paths: ReadonlyArray<string>): Processor => {
  const parsed = pathsOf(paths)
  return (span) => FieldPath.deny(span, parsed) as RedactableSpan
}

// A tag that repeats a field counts as that field.
const pathsOf = (paths: ReadonlyArray<string>): ReadonlyArray<FieldPath.FieldPath> =>
  paths.flatMap((path) => {
    const parsed = FieldPath.parse(path)
    if (parsed[0] !== "tags" || parsed.length < 2) return [parsed]
    const key = parsed.slice(1).join(".")
    const fields = Object.entries({ ...RedactableSpans.derivedTags, ...RedactableSpans.derivedApmTags })
      .filter(([tag]) => tag === key || key === "*" || key === "**")
      .map(([, field]) => [field])
    // A key with dots is one key, with or without brackets.
    return [parsed, ...(parsed.length > 2 ? [["tags", key]] : []), ...fields]
  })

const identityFields: ReadonlySet<string> = new Set(["kind", "name", "model", "metrics", "agentService"])

/**
 * Keeps everything that the paths name and removes the rest. Kind, name, model, metrics and application of a span, and
 * the tags of its service, always stay.
 *
 * @category rules
 * @since 0.1.0
 */
export const allow = (paths: ReadonlyArray<string>): Processor => {
  const parsed = [...pathsOf(paths), ...libraryTags.map((key) => ["tags", key])]
  return (span) => FieldPath.allow(span, parsed, (key) => identityFields.has(key)) as RedactableSpan
}
