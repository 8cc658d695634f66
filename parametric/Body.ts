/**
 * Request bodies: JSON read without loss, and fields that are what the protocol says or give a reason why not.
 */
import * as Data from "effect/Data"

/** A request that cannot be understood: the answer is a 4xx with this reason. */
export class Malformed extends Data.TaggedError("Malformed")<{ readonly message: string }> {}

/** A call of the SDK raised: the answer is a 500. */
export class Raised extends Data.TaggedError("Raised")<{ readonly message: string }> {}

export interface Body {
  readonly [key: string]: unknown
}

// TypeScript's library does not know the third argument yet.
const parseJson = JSON.parse as (
  text: string,
  reviver: (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown
) => unknown

/** Reads JSON. An integer that a number cannot hold exactly becomes a bigint. */
const parse = (text: string): unknown => {
  try {
    return parseJson(
      text,
      (_key, value, { source }) =>
        typeof value === "number" && !Number.isSafeInteger(value) && source !== undefined && /^-?\d+$/.test(source)
          ? BigInt(source)
          : value
    )
  } catch {
    throw new Malformed({ message: "The body is not JSON." })
  }
}

export const isObject = (value: unknown): value is Body =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** A request without a body stands for an empty object. */
export const parseObject = (text: string): Body => {
  const body = text.trim() === "" ? {} : parse(text)
  if (!isObject(body)) throw new Malformed({ message: "The body is not a JSON object." })
  return body
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null

const reader =
  <A>(expected: string, is: (value: unknown) => value is A) => (body: Body, key: string): A | undefined => {
    const value = body[key]
    if (!isGiven(value)) return undefined
    if (is(value)) return value
    throw new Malformed({ message: `${key} is not ${expected}.` })
  }

/** Reads an optional field; `null` is the same as none. */
export const text = reader("a string", (value) => typeof value === "string")
export const flag = reader("a boolean", (value) => typeof value === "boolean")
export const object = reader("an object", isObject)
export const list = reader("an array", (value): value is ReadonlyArray<unknown> => Array.isArray(value))

/** Reads an optional field that is one of a few texts. */
export const oneOf = <const A extends string>(body: Body, key: string, values: ReadonlyArray<A>): A | undefined => {
  const found = text(body, key)
  if (found === undefined) return undefined
  const known = values.find((value) => value === found)
  if (known === undefined) throw new Malformed({ message: `${key} is not one of ${values.join(", ")}.` })
  return known
}

export const number = (body: Body, key: string): number => {
  const value = body[key]
  if (typeof value === "number" || typeof value === "bigint") return Number(value)
  throw new Malformed({ message: `${key} is not a number.` })
}

export const required = <A>(value: A | undefined, key: string): A => {
  if (value === undefined) throw new Malformed({ message: `${key} is missing.` })
  return value
}

/** Reads pairs of texts, such as headers and tags. */
export const pairs = (body: Body, key: string): ReadonlyArray<readonly [string, string]> =>
  (list(body, key) ?? []).map((pair) => {
    if (Array.isArray(pair) && pair.length === 2) {
      const [name, value]: ReadonlyArray<unknown> = pair
      if (typeof name === "string" && typeof value === "string") return [name, value]
    }
    throw new Malformed({ message: `${key} is not an array of pairs of strings.` })
  })

/** Reads an id, as decimal text: given as decimal or hexadecimal text, or as an integer. Zero is the same as none. */
export const id = (body: Body, key: string): string | undefined => {
  const value = body[key]
  if (!isGiven(value)) return undefined
  const digits = typeof value === "string"
    ? value
    : typeof value === "number" || typeof value === "bigint"
    ? `${value}`
    : ""
  if (!/^(\d{1,39}|0x[0-9a-fA-F]{1,32})$/.test(digits)) throw new Malformed({ message: `${key} is not an id.` })
  const found = BigInt(digits)
  return found === 0n ? undefined : found.toString()
}
