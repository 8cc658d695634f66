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

/**
 * Every difference, in the order of the keys. Two texts of a side that hold JSON are compared by what they hold: a
 * difference inside has a path such as `input.value|json|[3]`.
 */
export const find = (expected: Json | undefined, actual: Json | undefined, path = "$"): ReadonlyArray<Difference> => {
  if (isSpecial(expected) || isSpecial(actual)) {
    return same(numberOf(expected), numberOf(actual)) ? [] : [{ path, expected, actual }]
  }
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
  if (typeof expected === "string" && typeof actual === "string" && holdsJson(path)) {
    const left = parsed(expected)
    const right = left === undefined ? undefined : parsed(actual)
    if (left !== undefined && right !== undefined) return find(left, right, `${path}${inText}`)
  }
  return [{ path, expected, actual }]
}

const inText = "|json|"

// Where a structured value becomes text.
const holdsJson = (path: string): boolean => /\.meta\.(input|output|metadata)\b/.test(path) && !path.includes(inText)

const isSpecial = (value: Json | undefined): value is JsonObject => isObject(value) && value["$special"] !== undefined

// A number that a program wrote with a fraction or an exponent, and one that it wrote as an integer, are one number.
const numberOf = (value: Json | undefined): Json | undefined =>
  isSpecial(value) && value["$special"] === "int" && Number(value["value"]).toString() === value["value"]
    ? Number(value["value"])
    : value

const same = (a: Json | undefined, b: Json | undefined): boolean => JSON.stringify(a) === JSON.stringify(b)

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
