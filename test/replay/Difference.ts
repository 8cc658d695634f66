/**
 * Where two JSON values differ, by path.
 */
import { parseJson } from "./Capture.ts"
import type { Json, JsonObject } from "./Scenario.ts"

/** `undefined` on a side: the value is not there. */
export interface Difference {
  readonly path: string
  readonly expected: Json | undefined
  readonly actual: Json | undefined
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const structured = /^\s*[[{"\d\-tfn]/

const parsed = (text: string): Json | undefined => {
  if (!structured.test(text)) return undefined
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}

/** Every difference, in the order of the keys. Two texts that hold the same JSON do not differ. */
export const find = (expected: Json | undefined, actual: Json | undefined, path = "$"): ReadonlyArray<Difference> => {
  if (isObject(expected) && isObject(actual)) {
    return [...new Set([...Object.keys(expected), ...Object.keys(actual)])].sort().flatMap((key) =>
      find(own(expected, key), own(actual, key), pathOf(path, key))
    )
  }
  if (Array.isArray(expected) && Array.isArray(actual)) {
    return Array.from({ length: Math.max(expected.length, actual.length) }, (_, i) => i).flatMap((i) =>
      find(expected[i] as Json | undefined, actual[i] as Json | undefined, `${path}[${i}]`)
    )
  }
  if (Object.is(expected, actual) || (expected === 0 && actual === 0)) return []
  if (typeof expected === "string" && typeof actual === "string") {
    const left = parsed(expected)
    const right = left === undefined ? undefined : parsed(actual)
    if (left !== undefined && right !== undefined && find(left, right).length === 0) return []
  }
  return [{ path, expected, actual }]
}

const own = (object: JsonObject, key: string): Json | undefined => Object.hasOwn(object, key) ? object[key] : undefined

/** The path of a key: `a.b`, or `a["b c"]` for what is no name. */
export const pathOf = (path: string, key: string): string =>
  /^[A-Za-z_][\w-]*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`

const short = (value: Json | undefined): string => {
  const text = value === undefined ? "nothing" : JSON.stringify(value)
  return text.length <= 300 ? text : `${text.slice(0, 300)}… (${text.length} characters)`
}

/** One line for people. */
export const render = (self: Difference): string =>
  `${self.path}: expected ${short(self.expected)}, got ${short(self.actual)}`
