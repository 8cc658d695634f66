/**
 * The readers of settings.
 *
 * @since 0.2.0
 */
import * as LongestWait from "../delivery/LongestWait.ts"
import type { Checked } from "../Problem.ts"
import * as Problem from "../Problem.ts"
import type { Reader, Source } from "./Setting.ts"
import * as Setting from "./Setting.ts"

/**
 * A reader from a function that returns `undefined` for an unreadable value. `expected` completes "must be …", and
 * `outcome` is a sentence about what follows, if that is not "It is ignored."
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = <A>(
  parse: (given: unknown, source: Source) => A | undefined,
  expected: string,
  outcome?: string
): Reader<A> =>
(given, source) => {
  const value = parse(given, source)
  return value === undefined
    ? { value, problems: [Setting.problem(source, given, expected, outcome)] }
    : Problem.ok<A | undefined>(value)
}

/**
 * A reader of text alone.
 *
 * @category constructors
 * @since 0.2.0
 */
export const ofText = <A>(parse: (text: string) => A | undefined, expected: string): Reader<A> =>
  make((given) => typeof given === "string" ? parse(given) : undefined, expected)

// Text, or a value with an obvious text.
const toText = (u: unknown): string | undefined => {
  if (typeof u === "string") return u
  return typeof u === "number" || typeof u === "boolean" || typeof u === "bigint" ? String(u) : undefined
}

/**
 * Any text.
 *
 * @category readers
 * @since 0.2.0
 */
export const text: Reader<string> = make(toText, "a text")

/**
 * `true`, `1`, `false` or `0`, in any case.
 *
 * @category readers
 * @since 0.2.0
 */
export const boolean: Reader<boolean> = make((given) => {
  const word = toText(given)?.toLowerCase()
  if (word === "true" || word === "1") return true
  return word === "false" || word === "0" ? false : undefined
}, "true, false, 1 or 0")

/**
 * One of these words, in any case.
 *
 * @category readers
 * @since 0.2.0
 */
export const oneOf = <const A extends string>(words: ReadonlyArray<A>): Reader<A> => {
  const quoted = words.map((word) => `\`${word}\``)
  return ofText(
    (given) => words.find((word) => word.toLowerCase() === given.toLowerCase()),
    `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`
  )
}

/**
 * A number, or its decimal text.
 *
 * @category readers
 * @since 0.2.0
 */
export const number = (accept: (n: number) => boolean, expected: string): Reader<number> =>
  make((given) => {
    const n = toNumber(given)
    return n !== undefined && accept(n) ? n : undefined
  }, expected)

const toNumber = (given: unknown): number | undefined => {
  if (typeof given === "number") return given
  const n = typeof given === "string" && given.length <= 40 ? Number(given) : Number.NaN
  return Number.isFinite(n) ? n : undefined
}

/**
 * A wait in milliseconds. A wait that exceeds the longest timer is shortened and reported.
 *
 * @category readers
 * @since 0.2.0
 */
export const wait = (
  toMillis: (given: unknown, source: Source) => number | undefined,
  expected: string
): Reader<number> => {
  const millis = make(toMillis, expected)
  return (given, source) => {
    const read = millis(given, source)
    return read.value === undefined || read.value <= LongestWait.longestWaitMillis
      ? read
      : { value: LongestWait.longestWaitMillis, problems: [tooLong(source)] }
  }
}

const tooLong = (source: Source): Problem.Problem =>
  Problem.make(
    Setting.code(source),
    `${
      Setting.label(source)
    } is longer than a timer can wait. ${LongestWait.longestWaitMillis} milliseconds (24.8 days) are used.`
  )

/**
 * A wait in seconds, as in variables.
 *
 * @category readers
 * @since 0.2.0
 */
export const seconds: Reader<number> = wait((given) => {
  const n = toNumber(given)
  return n !== undefined && n > 0 ? n * 1_000 : undefined
}, "a number of seconds above 0")

/**
 * Words that are separated by commas.
 *
 * @category readers
 * @since 0.2.0
 */
export const list: Reader<ReadonlyArray<string>> = make(
  (given) => {
    const words: unknown = typeof given === "string" ? given.split(",") : given
    if (!Array.isArray(words) || !words.every((word) => typeof word === "string")) return undefined
    return words.map((word) => word.trim()).filter((word) => word !== "")
  },
  "a list that is separated by commas"
)

/**
 * A function.
 *
 * @category readers
 * @since 0.2.0
 */
export const callback = <F extends (...args: never) => unknown>(): Reader<F> =>
  make((given) => typeof given === "function" ? given as F : undefined, "a function")

/**
 * A list of functions.
 *
 * @category readers
 * @since 0.2.0
 */
export const callbacks = <F extends (...args: never) => unknown>(outcome?: string): Reader<ReadonlyArray<F>> =>
  make(
    (given) =>
      Array.isArray(given) && given.every((one) => typeof one === "function") ? given as ReadonlyArray<F> : undefined,
    "a list of functions alone",
    outcome
  )

/**
 * Texts by name: an object whose values are converted to text, or a text that `parse` reads. An entry without a text is
 * left out and reported by its name.
 *
 * @category readers
 * @since 0.2.0
 */
export const texts = (
  parse: (text: string, setting: string) => Checked<{ readonly [key: string]: string }>
): Reader<{ readonly [key: string]: string }> =>
(given, source) => {
  if (typeof given === "string") return parse(given, Setting.label(source))
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    return { value: undefined, problems: [Setting.problem(source, given, "an object of texts")] }
  }
  const entries: Array<readonly [string, string]> = []
  const problems: Array<Problem.Problem> = []
  for (const key of Object.keys(given)) {
    const value = propertyOf(given, key)
    const found = toText(value)
    if (found === undefined) problems.push(noText(source, key, value))
    else if (key.trim() !== "") entries.push([key, found])
  }
  return { value: Object.fromEntries(entries), problems }
}

const noText = (source: Source, key: string, value: unknown): Problem.Problem =>
  Problem.make(
    Setting.code(source),
    `${Setting.label(source)} has a value that is ${Setting.typeOf(value)}, not a text. It is left out.`,
    `${source.name}.${key.slice(0, 100)}`
  )

const propertyOf = (self: object, key: string): unknown => {
  try {
    return (self as { readonly [key: string]: unknown })[key]
  } catch {
    return undefined
  }
}
