/**
 * Readers for the members of any JSON value by name.
 *
 * **Details**
 *
 * Only own members count, so a name never finds a member of a prototype. An empty text counts as a text.
 *
 * @since 0.2.0
 */
import type { Json, JsonObject } from "./JsonSnapshot.ts"
import * as JsonSnapshot from "./JsonSnapshot.ts"

/**
 * A member of an object; `undefined` for any other value.
 *
 * @category accessors
 * @since 0.2.0
 */
export const member = (json: Json | undefined, key: string): Json | undefined =>
  JsonSnapshot.isObject(json) && Object.hasOwn(json, key) ? json[key] : undefined

/**
 * The first of several members that is present and not null.
 *
 * @category accessors
 * @since 0.2.0
 */
export const first = (json: Json | undefined, ...keys: ReadonlyArray<string>): Json | undefined => {
  for (const key of keys) {
    const value = member(json, key)
    if (value !== undefined && value !== null) return value
  }
  return undefined
}

/**
 * The first of several members that is a text.
 *
 * @category accessors
 * @since 0.2.0
 */
export const text = (json: Json | undefined, ...keys: ReadonlyArray<string>): string | undefined => {
  for (const key of keys) {
    const value = member(json, key)
    if (typeof value === "string") return value
  }
  return undefined
}

/**
 * A member that is a number.
 *
 * @category accessors
 * @since 0.2.0
 */
export const number = (json: Json | undefined, key: string): number | undefined => {
  const value = member(json, key)
  return typeof value === "number" ? value : undefined
}

/**
 * The first of several members that is a list.
 *
 * @category accessors
 * @since 0.2.0
 */
export const list = (json: Json | undefined, ...keys: ReadonlyArray<string>): ReadonlyArray<Json> | undefined => {
  for (const key of keys) {
    const value = member(json, key)
    if (JsonSnapshot.isArray(value)) return value
  }
  return undefined
}

/**
 * The first of several members that is an object.
 *
 * @category accessors
 * @since 0.2.0
 */
export const object = (json: Json | undefined, ...keys: ReadonlyArray<string>): JsonObject | undefined => {
  for (const key of keys) {
    const value = member(json, key)
    if (JsonSnapshot.isObject(value)) return value
  }
  return undefined
}

/**
 * The object without some of its members, and without those that are null.
 *
 * @category combinators
 * @since 0.2.0
 */
export const without = (json: JsonObject, keys: ReadonlyArray<string>): JsonObject => {
  const entries = Object.entries(json).filter(([key, value]) => value !== null && !keys.includes(key))
  return Object.fromEntries(entries)
}
