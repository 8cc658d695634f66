/**
 * The values that JSON cannot say, as scenario files write them: `{ "$special": … }`.
 */
import type { Json, JsonObject } from "./Scenario.ts"

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The JavaScript value that a program passes to the API. */
export const decode = (value: Json | undefined, exports: ReadonlyMap<string, unknown> = new Map()): unknown => {
  if (Array.isArray(value)) return value.map((item: Json) => decode(item, exports))
  if (!isObject(value)) return value
  if (typeof value["$export"] === "string") return exports.get(value["$export"])
  if (typeof value["$special"] === "string") return special(value["$special"], value, exports)
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, decode(item, exports)]))
}

const special = (kind: string, value: JsonObject, exports: ReadonlyMap<string, unknown>): unknown => {
  switch (kind) {
    case "nan":
      return NaN
    case "inf":
      return Infinity
    case "-inf":
      return -Infinity
    case "int":
      return BigInt(value["value"] as string)
    case "float":
      return Number(value["value"])
    case "bytes":
      return new TextEncoder().encode(value["text"] as string)
    case "set":
      return new Set(decode(value["items"], exports) as Array<unknown>)
    case "tuple":
      return decode(value["items"], exports)
    case "int_keys":
      return new Map(
        Object.entries(value["entries"] as JsonObject).map(([key, item]) => [
          Number(key),
          decode(item, exports)
        ])
      )
    case "circular": {
      const self: { [key: string]: unknown } = {}
      self["self"] = self
      return self
    }
    case "nest": {
      let inner: unknown = "leaf"
      for (let i = 0; i < (value["depth"] as number); i++) inner = { n: inner }
      return inner
    }
    case "repeat":
      return (value["text"] as string).repeat(value["times"] as number)
    case "opaque":
      return new Opaque()
    case "hostile":
      return new Hostile()
    default:
      throw new Error(`unknown special value ${kind}`)
  }
}

/** An object that says what it is only as text. */
class Opaque {
  toString(): string {
    return "opaque-text"
  }
}

/** An object that cannot be turned into text. */
class Hostile {
  toJSON(): string {
    throw new Error("hostile")
  }
  toString(): string {
    throw new Error("hostile")
  }
}

/** A number as captures write it: those that a double does not hold exactly, or that are not finite, as a special value. */
export const encodeNumber = (value: number | bigint): Json => {
  if (typeof value === "bigint") {
    return value > BigInt(Number.MAX_SAFE_INTEGER) || value < -BigInt(Number.MAX_SAFE_INTEGER)
      ? { $special: "int", value: value.toString() }
      : Number(value)
  }
  if (Number.isNaN(value)) return { $special: "nan" }
  if (value === Infinity) return { $special: "inf" }
  if (value === -Infinity) return { $special: "-inf" }
  return value
}

const longString = 200
const longList = 40
const edge = 20

/** Long texts, and if asked for long lists, as the captures that hold them shorten them. */
export const summarise = (value: Json, lists: boolean): Json => {
  if (typeof value === "string") {
    return value.length <= longString
      ? value
      : { $long_string: { length: value.length, head: value.slice(0, edge), tail: value.slice(-edge) } }
  }
  if (Array.isArray(value)) {
    return !lists || value.length <= longList ? value.map((item) => summarise(item, lists)) : {
      $long_list: { length: value.length, first: summarise(value[0]!, lists), last: summarise(value.at(-1)!, lists) }
    }
  }
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, summarise(item, lists)]))
}
