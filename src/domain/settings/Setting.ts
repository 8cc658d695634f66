/**
 * One setting: where its value comes from, how it is read, and how the documentation describes it.
 *
 * **Details**
 *
 * An option comes from code and a variable from outside, yet one reader reads both: JavaScript gives numbers for texts,
 * and programs pass variables on as options. Reading is total. Text is trimmed, blank text counts as missing, and a value
 * that cannot be read is reported and passed over: the next source of the same setting is asked, and then its default
 * holds.
 *
 * @since 0.2.0
 */
import type { Checked } from "../Problem.ts"
import * as Problem from "../Problem.ts"

/**
 * Where a value was given.
 *
 * @category models
 * @since 0.2.0
 */
export interface Source {
  readonly kind: "option" | "variable"
  readonly name: string
}

/**
 * Reads a value that was given. `undefined` passes it over; the problems say why.
 *
 * @category models
 * @since 0.2.0
 */
export type Reader<out A> = (given: unknown, source: Source) => Checked<A | undefined>

/**
 * A setting. The options come before the variables, and each of them in its order.
 *
 * @category models
 * @since 0.2.0
 */
export interface Setting<out A, out F, out G = never, out O extends string = string, out V extends string = string> {
  readonly options?: ReadonlyArray<O> | undefined
  readonly variables?: ReadonlyArray<V> | undefined
  readonly read: Reader<A>
  /** The default: it holds if no source gives a value. */
  readonly fallback: F
  /** Holds in place of the sources that are left and of the default, if a value cannot be read. */
  readonly refused?: { readonly value: G } | undefined
  /** Whether a blank text says something else than its absence. */
  readonly readsBlank?: boolean | undefined
  /** The default as the documentation shows it, where it is not the value as it is. */
  readonly shown?: string | undefined
  /** The purpose, in Markdown. */
  readonly about: string
}

/**
 * A source as messages name it.
 *
 * @category combinators
 * @since 0.2.0
 */
export const label = (source: Source): string => source.kind === "option" ? `The option ${source.name}` : source.name

/**
 * The code of a problem with a value of this source.
 *
 * @category combinators
 * @since 0.2.0
 */
export const code = (source: Source): Problem.ProblemCode =>
  source.kind === "option" ? "invalid_option" : "invalid_setting"

/**
 * A value by its type, for messages: what it holds is never shown.
 *
 * @category combinators
 * @since 0.2.0
 */
export const typeOf = (u: unknown): string => {
  if (typeof u === "string") return `a text of ${u.length} characters`
  if (u === null || u === undefined) return String(u)
  if (Array.isArray(u)) return "a list"
  return typeof u === "object" ? "an object" : `a ${typeof u}`
}

/**
 * A problem with a value that was given.
 *
 * @category constructors
 * @since 0.2.0
 */
export const problem = (
  source: Source,
  given: unknown,
  expected: string,
  outcome = "It is ignored."
): Problem.Problem =>
  Problem.make(code(source), `${label(source)} must be ${expected}, but is ${typeOf(given)}. ${outcome}`)

/**
 * Reads a setting from its sources. The problems are added to `problems`.
 *
 * @category combinators
 * @since 0.2.0
 */
export const take = <A, F, G>(
  setting: Setting<A, F, G>,
  option: (name: string) => unknown,
  variable: (name: string) => string | undefined,
  problems: Array<Problem.Problem>
): A | F | G => {
  const ask = (source: Source, get: (name: string) => unknown): { readonly value: A | G } | undefined => {
    try {
      const raw = get(source.name)
      const given = typeof raw === "string" ? raw.trim() : raw
      if (given === undefined || (given === "" && setting.readsBlank !== true)) return undefined
      const read = setting.read(given, source)
      for (const found of read.problems) problems.push(found)
      return read.value === undefined ? setting.refused : { value: read.value }
    } catch {
      // A getter or a proxy of the user's threw.
      problems.push(Problem.make(code(source), `${label(source)} cannot be read. It is ignored.`))
      return setting.refused
    }
  }
  for (const name of setting.options ?? []) {
    const found = ask({ kind: "option", name }, option)
    if (found !== undefined) return found.value
  }
  for (const name of setting.variables ?? []) {
    const found = ask({ kind: "variable", name }, variable)
    if (found !== undefined) return found.value
  }
  return setting.fallback
}
