/**
 * Changes every text of a value, including the keys of objects and the texts inside JSON texts.
 *
 * **Details**
 *
 * A rule sees a number as its text, and the number becomes a text if the rule changes it, because a card number is
 * often a number. If `under` returns a text for a name, that text replaces the whole value under the name, at any
 * depth. The cost is linear in the size of the value.
 *
 * @since 0.1.0
 */
import * as JsonTexts from "./JsonTexts.ts"
import * as NamedPlaces from "./NamedPlaces.ts"
import type { Rules } from "./NamedPlaces.ts"

/**
 * Changes every text of a JSON value. An unchanged part is the same object as before.
 *
 * **Details**
 *
 * The value must be a tree: the recursion is as deep as the value.
 *
 * @category combinators
 * @since 0.1.0
 */
export const map = (value: unknown, rules: Rules): unknown => mapValue(value, rules, undefined, undefined, false)

const mapValue = (
  value: unknown,
  rules: Rules,
  key: string | undefined,
  name: string | undefined,
  isInList: boolean
): unknown => {
  const instead = name === undefined || isEmpty(value) ? undefined : rules.under?.(name, textOf(value))
  if (instead !== undefined) return instead
  switch (typeof value) {
    case "string":
      return JsonTexts.mapText(value, rules, key)
    case "number": {
      const text = String(value)
      const changed = rules.text(text, undefined)
      return changed === text ? value : changed
    }
    case "object":
      return value === null
        ? null
        : Array.isArray(value)
        ? mapArray(value, rules, NamedPlaces.make(true, key, isInList))
        : mapObject(value, rules)
    default:
      return value
  }
}

const textOf = (value: unknown): string | undefined => typeof value === "string" ? value : undefined

// `true`, `false`, `null`, the empty text and empty containers hold nothing.
const isEmpty = (value: unknown): boolean =>
  typeof value === "object"
    ? value === null || Object.keys(value).length === 0
    : typeof value !== "number" && (typeof value !== "string" || value === "")

const mapArray = (items: ReadonlyArray<unknown>, rules: Rules, place: NamedPlaces.Place): ReadonlyArray<unknown> => {
  let out: Array<unknown> | undefined
  for (let i = 0; i < items.length; i++) {
    const item = items[i]
    const changed = mapValue(item, rules, undefined, NamedPlaces.nameOf(place, undefined), true)
    NamedPlaces.advance(place, textOf(item))
    if (changed !== item && out === undefined) out = items.slice(0, i)
    out?.push(changed)
  }
  return out ?? items
}

const mapObject = (source: object, rules: Rules): object => {
  const members = source as { readonly [key: string]: unknown }
  const keys = Object.keys(source)
  const said = Object.hasOwn(source, NamedPlaces.valueKey) ? besideValue(members, keys) : undefined
  const out: { [key: string]: unknown } = {}
  let same = true
  for (const key of keys) {
    const value = members[key]
    const written = rules.text(key, undefined)
    const changed = mapValue(value, rules, key, key === NamedPlaces.valueKey ? said ?? key : key, false)
    if (written !== key || changed !== value) same = false
    if (written === "__proto__") {
      Object.defineProperty(out, written, { value: changed, enumerable: true, configurable: true, writable: true })
    } else out[written] = changed
  }
  return same ? source : out
}

const besideValue = (
  members: { readonly [key: string]: unknown },
  keys: ReadonlyArray<string>
): string | undefined => {
  for (const key of keys) {
    if (NamedPlaces.isNaming(key) && typeof members[key] === "string") return members[key]
  }
  return undefined
}
