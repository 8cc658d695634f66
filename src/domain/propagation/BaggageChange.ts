/**
 * The changes that a program makes to the baggage of its calls.
 *
 * @since 0.2.0
 */
import type { Checked } from "../Problem.ts"
import * as Problems from "../Problem.ts"
import * as Baggage from "./Baggage.ts"
import * as LlmobsPropagation from "./LlmobsPropagation.ts"

/**
 * A text replaces or adds a member, `undefined` removes it.
 *
 * @category models
 * @since 0.2.0
 */
export type Changes = ReadonlyMap<string, string | undefined>

/** Far above the capacity of a header. It bounds the changes of nested `withBaggage`. */
const most = 1_024

/**
 * Merges the changes of a `withBaggage` into those around it. A value that is no text, is unreadable or exceeds the
 * limits is left out and reported. Members named `llmobs.…` are left out without a report.
 *
 * @category combinators
 * @since 0.2.0
 */
export const within = (outer: Changes, input: unknown): Checked<Changes> => {
  const changes = new Map(outer)
  let dropped = typeof input !== "object" || input === null
  try {
    for (const key of dropped ? [] : Object.keys(input as object)) {
      if (LlmobsPropagation.isBaggageKey(key)) continue
      const value = read(input as { readonly [key: string]: unknown }, key)
      if (value !== unusable && (changes.size < most || changes.has(key))) changes.set(key, value)
      else dropped = true
    }
  } catch {
    dropped = true
  }
  return { value: changes, problems: dropped ? [unusableMember] : Problems.none }
}

const unusable = Symbol("unusable")

const read = (
  input: { readonly [key: string]: unknown },
  key: string
): string | undefined | typeof unusable => {
  try {
    const value = input[key]
    if (value === undefined) return undefined
    return typeof value === "string" && value.length <= Baggage.limits.bytes ? value : unusable
  } catch {
    return unusable
  }
}

const unusableMember = Problems.make(
  "invalid_baggage",
  "Members given to withBaggage were left out: a value must be text of at most 8,192 characters, or undefined."
)
