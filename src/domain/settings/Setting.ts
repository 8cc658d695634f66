/**
 * One setting: its sources, its reader and its documentation.
 *
 * **Details**
 *
 * Options and variables have the same reader: JavaScript gives numbers for texts, and programs pass variables on as
 * options. Reading is total. Text is trimmed, and blank text counts as missing. An unreadable value is reported, and
 * the next source of the same setting is read, then the default.
 *
 * @since 0.2.0
 */
import type { Checked } from "../Problem.ts"
import * as Problem from "../Problem.ts"

/**
 * The option or variable that gave a value.
 *
 * @category models
 * @since 0.2.0
 */
export interface Source {
  readonly kind: "option" | "variable"
  readonly name: string
}

/**
 * Reads a given value. `undefined` passes to the next source; the problems say why.
 *
 * @category models
 * @since 0.2.0
 */
export type Reader<out A> = (given: unknown, source: Source) => Checked<A | undefined>

/**
 * A setting. Options come before variables, each in their order.
 *
 * @category models
 * @since 0.2.0
 */
export interface Setting<out A, out F, out G = never, out O extends string = string, out V extends string = string> {
  readonly options?: ReadonlyArray<O> | undefined
  readonly variables?: ReadonlyArray<V> | undefined
  readonly read: Reader<A>
  /** The default, used if no source gives a value. */
  readonly fallback: F
  /** If given, it replaces an unreadable value; the other sources and the default are then not read. */
  readonly refused?: { readonly value: G } | undefined
  /** Whether a blank text is a value of its own instead of an absent one. */
  readonly readsBlank?: boolean | undefined
  /** The default as documented, if that differs from the value. */
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
 * The type of a value, for messages, which never show the value itself.
 *
 * @category combinators
 * @since 0.2.0
 */
export const typeOf = (u: unknown): string => {
  if (typeof u === "string") return `a text of ${u.length} characters`
  if (u === null || u === undefined) return String(u)
  if (isList(u)) return "a list"
  return typeof u === "object" ? "an object" : `a ${typeof u}`
}

// A revoked proxy is neither.
const isList = (u: unknown): boolean => {
  try {
    return Array.isArray(u)
  } catch {
    return false
  }
}

/**
 * A problem with a given value.
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
 * Reads a setting from its sources. The problems are added to `problems`; `onTaken` hears of the source whose value is used.
 *
 * @category combinators
 * @since 0.2.0
 */
export const take = <A, F, G>(
  setting: Setting<A, F, G>,
  option: (name: string) => unknown,
  variable: (name: string) => string | undefined,
  problems: Array<Problem.Problem>,
  onTaken?: ((source: Source) => void) | undefined
): A | F | G => {
  const ask = (source: Source, get: (name: string) => unknown): { readonly value: A | G } | undefined => {
    try {
      const raw = get(source.name)
      const given = typeof raw === "string" ? raw.trim() : raw
      if (given === undefined || (given === "" && setting.readsBlank !== true)) return undefined
      const read = setting.read(given, source)
      for (const found of read.problems) problems.push(found)
      if (read.value === undefined) return setting.refused
      onTaken?.(source)
      return { value: read.value }
    } catch {
      // The user's getter or proxy threw.
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
