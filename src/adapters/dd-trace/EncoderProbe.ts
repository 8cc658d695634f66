/**
 * Asks dd-trace's own encoder what it does to an event: a new encoder of the same class encodes one span, and its bytes
 * are read.
 *
 * **Details**
 *
 * Encoders before 5.18 and that of the protocol 0.5 leave `meta_struct` out. Others leave values out: `null`, and
 * booleans in objects or in lists. Nothing is sent, and the encoder in use is not touched.
 */
import type { Json } from "../../domain/json/JsonSnapshot.ts"
import type { DdSpanContext } from "./DdTraceApi.ts"
import { hidden } from "./DdTraceApi.ts"

/** The values that arrive. */
export interface Kept {
  readonly booleans: boolean
  readonly listedBooleans: boolean
  readonly nulls: boolean
  readonly listedNulls: boolean
}

/** The values that every known encoder keeps: texts, numbers, objects and lists. */
export const fewest: Kept = { booleans: false, listedBooleans: false, nulls: false, listedNulls: false }

/**
 * The values that the encoder keeps. `undefined` if it carries no struct, or cannot be asked.
 */
export const ask = (encoder: unknown, context: DdSpanContext): Kept | undefined => {
  try {
    const bytes = encode(encoder, context)
    if (bytes === undefined || !bytes.includes(`${prefix}text`) || !bytes.includes(marker)) return undefined
    return {
      booleans: has(bytes, "boolean", [0xc3]),
      listedBooleans: has(bytes, "listed_boolean", ...listOf(0xc3)),
      nulls: has(bytes, "null", [0xc0]),
      listedNulls: has(bytes, "listed_null", ...listOf(0xc0))
    }
  } catch {
    return undefined
  }
}

/** Whether an event arrives whole, and with numbers that a float64 can hold. */
export const keepsAll = (value: Json, kept: Kept, isListed = false): boolean => {
  if (value === null) return isListed ? kept.listedNulls : kept.nulls
  switch (typeof value) {
    case "boolean":
      return isListed ? kept.listedBooleans : kept.booleans
    case "string":
      return true
    case "number":
      return Number.isFinite(value)
    case "object":
      return Array.isArray(value)
        ? value.every((item) => keepsAll(item, kept, true))
        : Object.values(value).every((item) => keepsAll(item as Json, kept))
    default:
      return false
  }
}

const prefix = "effect_llmobs_"
const marker = "effect_llmobs_value"

const encode = (encoder: unknown, context: DdSpanContext): Buffer | undefined => {
  const make = hidden(encoder, "constructor")
  if (typeof make !== "function") return undefined
  const own = new (make as new(writer: unknown) => unknown)({ flush: () => {} })
  const add = hidden(own, "encode")
  const finish = hidden(own, "makePayload")
  if (typeof add !== "function" || typeof finish !== "function") return undefined
  const spanId = hidden(context, "_spanId")
  add.call(own, [{
    trace_id: hidden(context, "_traceId"),
    span_id: spanId,
    parent_id: spanId,
    name: "probe",
    resource: "probe",
    service: "probe",
    error: 0,
    meta: {},
    metrics: {},
    start: 1,
    duration: 1,
    links: [],
    meta_struct: {
      _llmobs: {
        [`${prefix}text`]: marker,
        [`${prefix}boolean`]: true,
        [`${prefix}null`]: null,
        [`${prefix}listed_boolean`]: [true],
        [`${prefix}listed_null`]: [null]
      }
    }
  }])
  const payload: unknown = finish.call(own)
  return Array.isArray(payload) ? Buffer.concat(payload) : Buffer.isBuffer(payload) ? payload : undefined
}

// MessagePack has three headers for a list of one.
const listOf = (byte: number): ReadonlyArray<ReadonlyArray<number>> => [
  [0x91, byte],
  [0xdc, 0, 1, byte],
  [0xdd, 0, 0, 0, 1, byte]
]

const has = (bytes: Buffer, name: string, ...values: ReadonlyArray<ReadonlyArray<number>>): boolean => {
  const key = prefix + name
  const at = bytes.indexOf(key)
  return at >= 0 && values.some((value) => value.every((byte, i) => bytes[at + key.length + i] === byte))
}
