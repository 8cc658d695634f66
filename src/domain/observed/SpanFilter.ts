/**
 * Conditions on a delivered span: a table of its parts, each with the words that describe it.
 *
 * @since 0.2.0
 */
import * as Metrics from "../content/Metrics.ts"
import * as EventView from "../event/EventView.ts"
import * as JsonFields from "../json/JsonFields.ts"
import type { Json } from "../json/JsonSnapshot.ts"
import * as JsonSnapshot from "../json/JsonSnapshot.ts"
import type { SpanKind } from "../span/SpanKind.ts"
import * as TerminalText from "../trace/TerminalText.ts"
import type { ObservedSpan } from "./ObservedSpan.ts"
import * as SpanTree from "./SpanTree.ts"

/**
 * A text, or a regular expression that matches some of it.
 *
 * @category models
 * @since 0.2.0
 */
export type Pattern = string | RegExp

/**
 * JSON of which the rest does not matter: an object may have more keys, a text may be given as a pattern. Lists are of the
 * same length.
 *
 * @category models
 * @since 0.2.0
 */
export type Shape = Pattern | number | boolean | null | ReadonlyArray<Shape> | { readonly [key: string]: Shape }

/**
 * The parts to ask for. `null` asks for none, as in `{ sessionId: null }`. A part that is `undefined` or left out does not matter.
 *
 * @category models
 * @since 0.2.0
 */
export interface SpanFilter {
  readonly kind?: SpanKind | undefined
  readonly name?: Pattern | undefined
  readonly model?: Pattern | null | undefined
  readonly provider?: Pattern | null | undefined
  readonly sessionId?: Pattern | null | undefined
  readonly userId?: Pattern | null | undefined
  readonly accountId?: Pattern | null | undefined
  readonly mlApp?: Pattern | undefined
  readonly status?: "ok" | "error" | undefined
  /** The type of an error, its message, or both as `type: message`. */
  readonly error?: Pattern | null | undefined
  /** In the APM trace, or to the intake by itself, directly or through an Agent's proxy. */
  readonly route?: "trace" | "intake" | undefined
  /** One of the texts of the input (a message, a document), or a shape for all of it. */
  readonly input?: Shape | undefined
  /** One of the texts of the output, or a shape for all of it. */
  readonly output?: Shape | undefined
  readonly metadata?: { readonly [key: string]: Shape } | undefined
  /** By the names of TypeScript or of the event: `inputTokens` and `input_tokens` are the same. */
  readonly metrics?: { readonly [key: string]: number | null } | undefined
  readonly tags?: { readonly [key: string]: Pattern | null } | undefined
}

interface Aspect {
  readonly word: string
  readonly read: (span: ObservedSpan) => Json | undefined
  /** The condition, by the names of the event. */
  readonly canonical?: (expected: Shape) => Shape
  /** By default what was read must match. */
  readonly accepts?: (expected: Shape, span: ObservedSpan) => boolean
}

const matches = (expected: Shape, found: Json | undefined): boolean => {
  if (expected === null) return found === undefined || found === null
  if (expected instanceof RegExp) return typeof found === "string" && found.search(expected) !== -1
  if (typeof expected !== "object") return expected === found
  if (Array.isArray(expected)) {
    return JsonSnapshot.isArray(found) && found.length === expected.length &&
      expected.every((item: Shape, index) => matches(item, found[index]))
  }
  return JsonSnapshot.isObject(found) &&
    Object.entries(expected).every(([key, item]) => item === undefined || matches(item, JsonFields.member(found, key)))
}

const side = (key: "input" | "output"): Aspect => {
  const read = (span: ObservedSpan): Json | undefined => {
    const { documents, messages, value } = span[key]
    return messages ?? documents ?? value
  }
  return {
    word: key,
    read,
    accepts: (expected, span) => {
      if (isPattern(expected)) return EventView.texts(span[key]).some((text) => matches(expected, text))
      const found = read(span)
      return matches(expected, found) || (typeof found === "string" && matches(expected, parsed(found)))
    }
  }
}

// Spans other than those of models record an object as its JSON text.
const parsed = (text: string): Json | undefined => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const eventNames: { readonly [name: string]: string } = Metrics.aliases

const byEventNames = (expected: Shape): Shape =>
  Object.fromEntries(
    Object.entries(expected ?? {}).map(([name, value]) => [
      Object.hasOwn(eventNames, name) ? eventNames[name] : name,
      value
    ])
  )

const hasError = (expected: Shape, { error, status }: ObservedSpan): boolean => {
  if (expected === null) return status === "ok"
  return error !== undefined &&
    [error.type, error.message, `${error.type}: ${error.message}`].some((text) => matches(expected, text))
}

const table: { readonly [K in keyof SpanFilter]-?: Aspect } = {
  kind: { word: "kind", read: ({ kind }) => kind },
  name: { word: "name", read: ({ name }) => name },
  model: { word: "model", read: ({ model }) => model },
  provider: { word: "provider", read: ({ provider }) => provider },
  sessionId: { word: "session", read: ({ sessionId }) => sessionId },
  userId: { word: "user", read: ({ userId }) => userId },
  accountId: { word: "account", read: ({ accountId }) => accountId },
  mlApp: { word: "application", read: ({ mlApp }) => mlApp },
  status: { word: "status", read: ({ status }) => status },
  error: { word: "error", read: ({ error }) => error, accepts: hasError },
  route: { word: "route", read: ({ route }) => route === "trace" ? route : "intake" },
  input: side("input"),
  output: side("output"),
  metadata: { word: "metadata", read: ({ metadata }) => metadata },
  metrics: { word: "metrics", read: ({ metrics }) => metrics, canonical: byEventNames },
  tags: { word: "tags", read: ({ tags }) => tags }
}

const aspects = (filter: SpanFilter): ReadonlyArray<readonly [aspect: Aspect, expected: Shape]> =>
  (Object.keys(table) as Array<keyof SpanFilter>).flatMap((key) => {
    const expected = filter[key]
    const aspect: Aspect = table[key]
    return expected === undefined ? [] : [[aspect, aspect.canonical?.(expected) ?? expected] as const]
  })

const holds = (aspect: Aspect, expected: Shape, span: ObservedSpan): boolean =>
  aspect.accepts === undefined ? matches(expected, aspect.read(span)) : aspect.accepts(expected, span)

/**
 * Whether a span is as asked.
 *
 * @category guards
 * @since 0.2.0
 */
export const accepts = (filter: SpanFilter, span: ObservedSpan): boolean =>
  aspects(filter).every(([aspect, expected]) => holds(aspect, expected, span))

/**
 * One thing that was asked of a span: in words, and whether the span has it (`undefined`), or what it has instead.
 *
 * @category models
 * @since 0.2.0
 */
export interface Condition {
  readonly words: string
  readonly miss: (span: ObservedSpan) => string | undefined
}

/**
 * The conditions of a filter, one for each part.
 *
 * @category combinators
 * @since 0.2.0
 */
export const conditions = (filter: SpanFilter): ReadonlyArray<Condition> =>
  aspects(filter).map(([aspect, expected]) => ({
    words: expected === null ? `with no ${aspect.word}` : `with the ${aspect.word} ${show(expected)}`,
    miss: (span) => {
      if (holds(aspect, expected, span)) return undefined
      const wanted = expected === null ? "none" : show(expected)
      return `${aspect.word}: ${show(narrowed(expected, aspect.read(span)))}, not ${wanted}`
    }
  }))

// Of an object that was asked for some keys, those that it has.
const narrowed = (expected: Shape, found: Json | undefined): Json | undefined => {
  if (!JsonSnapshot.isObject(found) || expected === null || typeof expected !== "object" || isPattern(expected)) {
    return found
  }
  return Object.fromEntries(Object.entries(found).filter(([key]) => Object.hasOwn(expected, key)))
}

const isPattern = (shape: Shape): shape is Pattern => typeof shape === "string" || shape instanceof RegExp

/** A value as it stands in a sentence. */
const show = (value: Shape | undefined): string => {
  if (value === undefined) return "none"
  if (typeof value === "string") return SpanTree.quoted(value)
  if (value instanceof RegExp) return String(value)
  return TerminalText.clean(JSON.stringify(value, (_, item: unknown) => item instanceof RegExp ? String(item) : item))
}

const kindAndName = ({ kind, name }: SpanFilter): string => {
  const noun = kind === undefined ? "span" : `${kind} span`
  return `${/^(?:[aeiou]|llm)/.test(noun) ? "an" : "a"} ${noun}${name === undefined ? "" : ` ${show(name)}`}`
}

/**
 * A filter in words, such as `an llm span with the model "gpt-5"`.
 *
 * @category combinators
 * @since 0.2.0
 */
export const describe = (filter: SpanFilter): string => {
  const { kind: _kind, name: _name, ...rest } = filter
  return [kindAndName(filter), ...conditions(rest).map(({ words }) => words)].join(" ")
}
