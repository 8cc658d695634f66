/**
 * The durable form of a record: one JSON text, and back, exactly.
 *
 * **Details**
 *
 * What a disk keeps outlives the process that wrote it, so the text says which form it has. A reader takes the forms it
 * knows and refuses the others; a reader of an older release leaves what a newer one wrote alone.
 *
 * @since 0.1.0
 */
import * as JsonSnapshot from "./JsonSnapshot.ts"
import * as Problem from "./Problem.ts"
import type { SpanRecord } from "./SpanRecord.ts"

/**
 * The form that is written.
 *
 * @category constants
 * @since 0.1.0
 */
export const version = 1

// JSON has no `undefined`: keys that are always there are put back when the text is read.
const recordKeys: ReadonlyArray<keyof SpanRecord> = ["model", "prompt", "toolVersion", "error"]
const contextKeys: ReadonlyArray<keyof SpanRecord["context"]> = [
  "parentSource",
  "session",
  "userId",
  "accountId",
  "agent",
  "retention",
  "experiment",
  "route"
]

/**
 * The text of a record. It is well-formed Unicode without unpaired surrogates.
 *
 * @category combinators
 * @since 0.1.0
 */
export const encode = (record: SpanRecord): string => {
  const plain = { ...record, startNs: record.startNs.toString() }
  const text = JSON.stringify({ version, record: plain })
  return doubtfulKey.test(text) ? JSON.stringify({ version, flattened: flattened(plain) }) : text
}

/**
 * Reads a text. `value` is `undefined`, with a problem, for whatever `encode` has not written.
 *
 * @category constructors
 * @since 0.1.0
 */
export const decode = (text: string): Problem.Checked<SpanRecord | undefined> => {
  const json = parse(text)
  if (!JsonSnapshot.isObject(json) || json["version"] !== version) return unreadable
  const record = json["record"] ?? raised(json["flattened"] ?? null)
  if (!isRecord(record)) return unreadable
  return Problem.ok({
    ...withKeys(record, recordKeys),
    context: withKeys(record["context"], contextKeys),
    startNs: BigInt(record["startNs"])
  } as unknown as SpanRecord)
}

// The JSON parser of V8 in Node 24 can take a key with an escape for another key that has a backslash. In a text with such
// a key, objects are written as arrays of their keys and values.
const doubtfulKey = /\\(?:u[\da-f]{4}|[^u])[^"\\]*":/

const flattened = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(flattened)
    : typeof value === "object" && value !== null
    ? { entries: Object.entries(value).map(([key, item]) => [key, flattened(item)]) }
    : value

const raised = (json: JsonSnapshot.Json): JsonSnapshot.Json =>
  JsonSnapshot.isArray(json)
    ? json.map(raised)
    : JsonSnapshot.isObject(json)
    ? Object.fromEntries(entriesOf(json["entries"]))
    : json

const entriesOf = (json: JsonSnapshot.Json | undefined): Array<readonly [string, JsonSnapshot.Json]> => {
  const entries: Array<readonly [string, JsonSnapshot.Json]> = []
  for (const entry of JsonSnapshot.isArray(json) ? json : []) {
    if (JsonSnapshot.isArray(entry) && isText(entry[0])) entries.push([entry[0], raised(entry[1] ?? null)])
  }
  return entries
}

const unreadable: Problem.Checked<undefined> = {
  value: undefined,
  problems: [Problem.make(
    "unreadable_value",
    "A stored event could not be read. It is set aside; a newer release may have written it."
  )]
}

const parse = (text: string): JsonSnapshot.Json | undefined => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

type Encoded = JsonSnapshot.JsonObject & {
  readonly context: JsonSnapshot.JsonObject
  readonly startNs: string
}

// Enough to render it: what is inside the parts was checked before it was written, and a checksum guards it since.
const isRecord = (json: JsonSnapshot.Json | undefined): json is Encoded => {
  if (!JsonSnapshot.isObject(json)) return false
  const { annotation, bytes, context, durationNs, startNs, tags } = json
  return JsonSnapshot.isObject(context) && isText(context["kind"]) && isText(context["name"]) &&
    isText(context["spanId"]) && isText(context["parentId"]) && isText(context["traceId"]) &&
    isText(context["apmTraceId"]) && JsonSnapshot.isObject(context["mlApp"]) && JsonSnapshot.isObject(annotation) &&
    JsonSnapshot.isObject(tags) && typeof durationNs === "number" && typeof bytes === "number" && isText(startNs) &&
    /^-?\d{1,20}$/.test(startNs)
}

const isText = (json: JsonSnapshot.Json | undefined): json is string => typeof json === "string"

const withKeys = (json: JsonSnapshot.JsonObject, keys: ReadonlyArray<string>): { readonly [key: string]: unknown } => {
  const out: { [key: string]: unknown } = { ...json }
  for (const key of keys) {
    if (!Object.hasOwn(json, key)) out[key] = undefined
  }
  return out
}
