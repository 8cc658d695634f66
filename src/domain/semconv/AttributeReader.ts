/**
 * Readers for the attributes of a span. Only own attributes count, and a value of the wrong type counts as absent.
 *
 * @since 0.2.0
 */
import type { Attributes } from "./OtelSpan.ts"

/**
 * The first of several attributes that is a text and not empty.
 *
 * @category accessors
 * @since 0.2.0
 */
export const text = (attributes: Attributes, ...keys: ReadonlyArray<string>): string | undefined => {
  for (const key of keys) {
    const value = own(attributes, key)
    if (typeof value === "string" && value !== "") return value
  }
  return undefined
}

/**
 * The first of several attributes that is present. A list is copied, because the span's owner can change it.
 *
 * @category accessors
 * @since 0.2.0
 */
export const value = (attributes: Attributes, ...keys: ReadonlyArray<string>): unknown => {
  for (const key of keys) {
    const found = own(attributes, key)
    if (found !== undefined && found !== null) return Array.isArray(found) ? found.slice(0, mostItems) : found
  }
  return undefined
}

/**
 * The first of several attributes that is present, read as JSON if it is a text that is JSON.
 *
 * @category accessors
 * @since 0.2.0
 */
export const json = (attributes: Attributes, ...keys: ReadonlyArray<string>): unknown =>
  parsed(value(attributes, ...keys))

/**
 * The first of several attributes that is an object, or the JSON text of one.
 *
 * @category accessors
 * @since 0.2.0
 */
export const object = (attributes: Attributes, ...keys: ReadonlyArray<string>): Attributes | undefined => {
  const found = json(attributes, ...keys)
  return isObject(found) ? found : undefined
}

/**
 * The first of several attributes that is a list, or the JSON text of one.
 *
 * @category accessors
 * @since 0.2.0
 */
export const list = (attributes: Attributes, ...keys: ReadonlyArray<string>): ReadonlyArray<unknown> | undefined => {
  const found = json(attributes, ...keys)
  return Array.isArray(found) ? found : undefined
}

/**
 * A text that is the JSON of an object or a list is parsed. Any other value is returned as it is.
 *
 * @category combinators
 * @since 0.2.0
 */
export const parsed = (given: unknown): unknown => {
  if (typeof given !== "string" || given.length > longestJson || !/^\s*[[{]/.test(given)) return given
  try {
    return JSON.parse(given)
  } catch {
    return given
  }
}

/**
 * The attributes whose names start with a prefix, by the rest of their names.
 *
 * @category accessors
 * @since 0.2.0
 */
export const below = (attributes: Attributes, prefix: string): { [key: string]: unknown } => {
  const found: Array<[string, unknown]> = []
  for (const key of Object.keys(attributes)) {
    if (key.startsWith(prefix) && key.length > prefix.length) {
      found.push([key.slice(prefix.length), value(attributes, key)])
    }
  }
  return Object.fromEntries(found)
}

/**
 * Whether a value is an object and no list.
 *
 * @category guards
 * @since 0.2.0
 */
export const isObject = (given: unknown): given is Attributes =>
  typeof given === "object" && given !== null && !Array.isArray(given)

const own = (attributes: Attributes, key: string): unknown =>
  Object.hasOwn(attributes, key) ? attributes[key] : undefined

// An event has at most 5 MB; the text of one side is no longer than this.
const longestJson = 16_000_000

const mostItems = 10_000
